import type { BenchReport, Comparison, MetricResult, WorkloadResult } from '../report.ts';
import { missingText, NOTHING_COMMON } from './comparison.ts';
import { figure, intervalName, ratioText, span, spreadText, times } from './units.ts';

/**
 * The report for a terminal: per workload what it tells, the figures, the verdict. With `columns` no line is longer:
 * sentences are broken at words, and what a table has no room for is left out, the least telling first.
 */
export function renderTable(report: BenchReport, columns = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  if (report.partial !== undefined) lines.push(`Partial report: ${report.partial}`, '');
  for (const workload of report.workloads) lines.push(...workloadLines(workload, columns), '');
  if (report.comparison !== undefined) lines.push(...comparisonLines(report.comparison), '');
  for (const { id, reason, hint } of report.leftOut)
    lines.push(`${id} was left out: ${reason}${hint === undefined ? '' : ` (${hint})`}`);
  lines.push(...footer(report));
  return lines.flatMap((line) => wrapped(line, columns));
}

/** A line's own indentation is kept, and what follows a verdict's arrow stays behind it. */
function wrapped(line: string, columns: number): string[] {
  if ([...line].length <= columns) return [line];
  const [indent] = /^ *(?:→ )?/.exec(line)!;
  const lines: string[] = [];
  let current = indent;
  for (const word of line.slice(indent.length).split(' ')) {
    const fits = [...current].length + 1 + [...word].length <= columns;
    if (current.trim() === '' || current === indent) current += word;
    else if (fits) current += ` ${word}`;
    else {
      lines.push(current);
      current = ' '.repeat(indent.length) + word;
    }
  }
  return [...lines, current];
}

function workloadLines(workload: WorkloadResult, columns: number): string[] {
  const head = ['', '', 'median', 'spread', intervalName(workload.runs), 'p90', 'ratio'];
  return [
    `${workload.title} (${workload.id}, ${workload.runs} run${workload.runs === 1 ? '' : 's'})`,
    `  ${workload.tells}`,
    ...(workload.metrics.length > 0
      ? figures([head, ...workload.metrics.flatMap(metricCells)], columns)
      : []),
    ...workload.notMeasured.map(
      ({ subject, metric, cause, reason }) =>
        `  ${subject}${metric === undefined ? '' : `, ${metric}`} ${cause}: ${reason}`,
    ),
    ...[workload.verdict, ...workload.besides].map((sentence) => `  → ${sentence}`),
  ];
}

/** Columns a narrow terminal goes without: p90, spread, interval. */
const DISPENSABLE = [5, 3, 4];

function figures(cells: readonly (readonly string[])[], columns: number): string[] {
  const fits = (lines: readonly string[]): boolean => lines.every((line) => [...line].length + 2 <= columns);
  for (let without = 0; without <= DISPENSABLE.length; without++) {
    const gone = DISPENSABLE.slice(0, without);
    const lines = align(cells.map((row) => row.filter((_, column) => !gone.includes(column))));
    if (fits(lines)) return lines.map((line) => `  ${line}`);
  }
  // The metric's title goes above its figures.
  const rest = cells.map((row) => row.filter((_, column) => !DISPENSABLE.includes(column)));
  const lines = align(rest.map((row) => ['', ...row.slice(1)]));
  return lines.flatMap((line, at) => {
    const title = rest[at]![0]!;
    return [...(title === '' ? [] : [`  ${title}`]), `  ${line}`];
  });
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

function footer({ kind, machine, settings, subjects }: BenchReport): string[] {
  const where = subjects
    .map(({ id, filesystem }) => (filesystem === undefined ? id : `${id} on ${filesystem}`))
    .join(', ');
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ${machine.os}; load ${machine.load.join(' → ')}`,
    `${where}${settings.cold ? '; caches of the whole machine dropped' : ''}${kind === 'layer' ? `; ${settings.backing}` : ''}`,
  ];
  if (subjects.length > 1)
    lines.push('ratio: to the first driver; "noise": these runs do not show a difference');
  return lines;
}
