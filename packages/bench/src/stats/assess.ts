import type { Measured, Metric, MetricResult, NotMeasured, WorkloadResult } from '../report.ts';
import type { Measures } from '../workloads/workload.ts';
import { comparePaired } from './compare.ts';
import { summarise } from './summary.ts';
import { metricVerdict, workloadVerdict } from './verdict.ts';

export interface Observed {
  readonly samples: readonly { readonly subject: string; readonly measures: readonly Measures[] }[];
  readonly absent: readonly NotMeasured[];
}

export interface Question {
  readonly id: string;
  readonly title: string;
  readonly tells: string;
  readonly cache: string;
  readonly metrics: readonly Metric[];
}

/** From samples to a result with statistics and words. */
export function assess(workload: Question, { samples, absent }: Observed): WorkloadResult {
  const metrics = workload.metrics
    .map((metric) => assessMetric(metric, samples))
    .filter(({ measured }) => measured.length > 0);
  const seen = new Set([
    ...absent.filter(({ metric }) => metric === undefined).map(({ subject }) => subject),
    ...metrics.flatMap(({ measured }) => measured.map(({ subject }) => subject)),
  ]);
  const stopped = samples
    .filter(({ subject }) => !seen.has(subject))
    .map(({ subject }) => ({ subject, cause: 'stopped' as const, reason: 'the run ended before its turn' }));
  return {
    id: workload.id,
    title: workload.title,
    tells: workload.tells,
    cache: workload.cache,
    runs: Math.max(0, ...samples.map(({ measures }) => measures.length)),
    metrics,
    notMeasured: [...absent, ...stopped],
    ...workloadVerdict(metrics),
  };
}

function assessMetric(metric: Metric, all: Observed['samples']): MetricResult {
  const found = all
    .map(({ subject, measures }) => ({
      subject,
      samples: measures.flatMap((measure) => measure[metric.id] ?? []),
    }))
    .filter(({ samples }) => samples.length > 0);
  const first = found[0];
  const measured: Measured[] = found.map(({ subject, samples }) => ({
    subject,
    samples,
    ...summarise(samples),
    ...(first === undefined || first.subject === subject
      ? {}
      : { ratio: comparePaired(first.samples, samples, metric.unit) }),
  }));
  return { ...metric, measured, verdict: metricVerdict(metric, measured) };
}
