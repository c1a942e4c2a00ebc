import type { BenchReport, Comparison, MetricResult, WorkloadResult } from '../report.ts';
import { missingText, NOTHING_COMMON } from './comparison.ts';
import { figure, ratioText, span, spreadText, times } from './units.ts';

/** The report for a terminal: per workload what it tells, the figures, the verdict. */
export function renderTable(report: BenchReport): string[] {
  const lines: string[] = [];
  if (report.partial !== undefined) lines.push(`Partial report: ${report.partial}`, '');
  for (const workload of report.workloads) lines.push(...workloadLines(workload), '');
  if (report.comparison !== undefined) lines.push(...comparisonLines(report.comparison), '');
  for (const { id, reason, hint } of report.leftOut)
    lines.push(`${id} was left out: ${reason}${hint === undefined ? '' : ` (${hint})`}`);
  lines.push(...footer(report));
  return lines;
}

function workloadLines(workload: WorkloadResult): string[] {
  const cells = [
    ['', '', 'median', 'spread', '95 % interval', 'p90', 'ratio'],
    ...workload.metrics.flatMap((metric) => metricCells(metric)),
  ];
  return [
    `${workload.title} (${workload.id}, ${workload.runs} run${workload.runs === 1 ? '' : 's'})`,
    `  ${workload.tells}`,
    ...(workload.metrics.length > 0 ? align(cells).map((line) => `  ${line}`) : []),
    ...workload.notMeasured.map(
      ({ subject, metric, cause, reason }) =>
        `  ${subject}${metric === undefined ? '' : `, ${metric}`} ${cause}: ${reason}`,
    ),
    ...[workload.verdict, ...workload.besides].map((sentence) => `  → ${sentence}`),
  ];
}

function metricCells(metric: MetricResult): string[][] {
  return metric.measured.map((one, at) => [
    at === 0 ? metric.title : '',
    one.subject,
    figure(one.median, metric.unit),
    spreadText(one),
    span(one.interval, (value) => figure(value, metric.unit)),
    figure(one.p90, metric.unit),
    ratioText(one.ratio),
  ]);
}

function comparisonLines({
  file,
  startedAt,
  changes,
  missing = [],
  warnings,
  regressions,
}: Comparison): string[] {
  const real = changes.filter(({ verdict }) => verdict !== 'noise');
  const rows = real.map(({ workload, metric, subject, unit, before, after, ratio, verdict }) => [
    `${workload} ${metric}`,
    subject,
    `${figure(before, unit)} → ${figure(after, unit)}`,
    times(ratio.value),
    verdict,
  ]);
  const count = `${regressions} regression${regressions === 1 ? '' : 's'}, ${real.length - regressions} improvements`;
  return [
    `Against ${file} of ${startedAt}: ${count}, ${changes.length - real.length} within noise`,
    ...warnings.map((warning) => `  careful: ${warning}`),
    ...(changes.length + missing.length === 0 ? [`  careful: ${NOTHING_COMMON}`] : []),
    ...(rows.length > 0 ? align(rows).map((line) => `  ${line}`) : []),
    ...missing.map((one) => `  ${missingText(one)}`),
  ];
}

/** The first two columns to the left, figures to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => [...row[column]!].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const pad = ' '.repeat(widths[column]! - [...cell].length);
        return column < 2 ? cell + pad : pad + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}

function footer({ machine, settings, subjects }: BenchReport): string[] {
  const where = subjects
    .map(({ id, filesystem }) => (filesystem === undefined ? id : `${id} on ${filesystem}`))
    .join(', ');
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ${machine.os}; load ${machine.load.join(' → ')}`,
    `${where}${settings.cold ? '; caches of the whole machine dropped' : ''}; ${settings.backing}`,
  ];
  if (subjects.length > 1)
    lines.push('ratio: to the first driver; "noise": these runs do not show a difference');
  return lines;
}
