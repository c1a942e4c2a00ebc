import type { BenchReport, Change, Comparison, Measured, MetricResult } from '../report.ts';
import { compareUnpaired } from '../stats/compare.ts';

export interface Baseline {
  readonly file: string;
  readonly report: BenchReport;
}

/** Runs minutes or days apart differ by more than their samples show. */
const LEAST_CHANGE = 0.05;

/** The report with what changed since the baseline. */
export function withComparison(report: BenchReport, { file, report: before }: Baseline): BenchReport {
  const changes = report.workloads.flatMap((workload) =>
    workload.metrics.flatMap((metric) => {
      const old = before.workloads
        .find(({ id }) => id === workload.id)
        ?.metrics.find(({ id, unit }) => id === metric.id && unit === metric.unit);
      return old === undefined ? [] : metricChanges(workload.id, metric, old);
    }),
  );
  const comparison: Comparison = {
    file,
    startedAt: before.startedAt,
    changes,
    warnings: differences(before, report),
    regressions: changes.filter(({ verdict }) => verdict === 'regression').length,
  };
  return { ...report, comparison };
}

function metricChanges(workload: string, metric: MetricResult, old: MetricResult): Change[] {
  return metric.measured.flatMap((now) => {
    const then = old.measured.find(({ subject }) => subject === now.subject);
    return then === undefined ? [] : [change(workload, metric, [then, now])];
  });
}

function change(workload: string, metric: MetricResult, [then, now]: readonly [Measured, Measured]): Change {
  const compared = compareUnpaired(then.samples, now.samples, metric.unit);
  const noise = compared.noise || Math.abs(compared.value - 1) < LEAST_CHANGE;
  const worse = metric.better === 'lower' ? compared.value > 1 : compared.value < 1;
  return {
    workload,
    metric: metric.id,
    subject: now.subject,
    unit: metric.unit,
    before: then.median,
    after: now.median,
    ratio: { ...compared, noise },
    verdict: noise ? 'noise' : worse ? 'regression' : 'improvement',
  };
}

function differences(before: BenchReport, after: BenchReport): string[] {
  const facts: readonly (readonly [name: string, of: (report: BenchReport) => string])[] = [
    ['the processor', ({ machine }) => `${machine.cores} × ${machine.cpu}`],
    ['the kernel', ({ machine }) => machine.kernel],
    ['Node', ({ machine }) => machine.node],
    ['the backing', ({ settings }) => settings.backing],
    ['the image', ({ settings }) => settings.image ?? 'none'],
    ['Strata', ({ strata }) => strata],
  ];
  return facts
    .filter(([, of]) => of(before) !== of(after))
    .map(([name, of]) => `${name} was ${of(before)}, is ${of(after)}`);
}
