import type { Missing } from '../report.ts';

export const NOTHING_COMMON = 'no figure of the baseline was measured again';

export const missingText = ({ workload, metric, subject, reason }: Missing): string =>
  `not measured any more: ${workload} ${metric} of ${subject}: ${reason}`;
