import type { CgroupCase } from './cgroup-context.ts';
import { enforcementCases } from './enforcement-cases.ts';
import { lifecycleCases } from './lifecycle-cases.ts';
import { limitCases } from './limit-cases.ts';
import { processCases } from './process-cases.ts';

/** Every case a cgroup driver must pass or be excluded from by what it declares. */
export const cgroupDriverCases: readonly CgroupCase[] = [
  ...limitCases,
  ...enforcementCases,
  ...processCases,
  ...lifecycleCases,
];
