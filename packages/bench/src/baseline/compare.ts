import type {
  BenchReport,
  Change,
  Comparison,
  Measured,
  MetricResult,
  Missing,
  WorkloadResult,
} from '../report.ts';
import { compareUnpaired } from '../stats/compare.ts';

export interface Baseline {
  readonly file: string;
  readonly report: BenchReport;
}

/** Runs minutes or days apart differ by more than their samples show. */
const LEAST_CHANGE = 0.05;

/** The report with what changed since the baseline. */
export function withComparison(report: BenchReport, { file, report: before }: Baseline): BenchReport {
  const pairs = report.workloads.flatMap((workload) => {
    const old = before.workloads.find(({ id }) => id === workload.id);
    return old === undefined ? [] : pairsOf(workload, old);
  });
  const changes = pairs.map((pair) => change(pair, pairs.length));
  const comparison: Comparison = {
    file,
    startedAt: before.startedAt,
    changes,
    missing: missing(report, before),
    warnings: differences(before, report),
    regressions: changes.filter(({ verdict }) => verdict === 'regression').length,
  };
  return { ...report, comparison };
}

interface Pair {
  readonly workload: string;
  readonly metric: MetricResult;
  readonly then: Measured;
  readonly now: Measured;
}

function pairsOf(workload: WorkloadResult, old: WorkloadResult): Pair[] {
  return workload.metrics.flatMap((metric) => {
    const measured = old.metrics.find(({ id, unit }) => id === metric.id && unit === metric.unit)?.measured;
    return metric.measured.flatMap((now) => {
      const then = measured?.find(({ subject }) => subject === now.subject);
      return then === undefined ? [] : [{ workload: workload.id, metric, then, now }];
    });
  });
}

function change({ workload, metric, then, now }: Pair, comparisons: number): Change {
  const compared = compareUnpaired(then.samples, now.samples, { unit: metric.unit, comparisons });
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

/** What the baseline has and was to be measured again, and there is no figure: a driver or a workload that broke. */
function missing(report: BenchReport, before: BenchReport): Missing[] {
  return report.workloads.flatMap(({ id, metrics, notMeasured }) => {
    const old = before.workloads.find((workload) => workload.id === id);
    return (old?.metrics ?? []).flatMap(({ id: metric, measured }) =>
      measured.flatMap(({ subject }) => {
        const now = metrics.find((one) => one.id === metric)?.measured;
        if (now?.some((one) => one.subject === subject)) return [];
        const why =
          notMeasured.find((one) => one.subject === subject && (one.metric ?? metric) === metric) ??
          report.leftOut.find((one) => one.id === subject);
        if (why === undefined || ('cause' in why && why.cause === 'stopped')) return [];
        return [{ workload: id, metric, subject, reason: why.reason }];
      }),
    );
  });
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
