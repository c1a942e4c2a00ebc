import type { BenchReport, Comparison, MetricResult, WorkloadResult } from '../report.ts';
import { missingText, NOTHING_COMMON } from './comparison.ts';
import { figure, intervalName, ratioText, span, spreadText, times } from './units.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** The report for a wiki or a pull request. */
export function renderMarkdown(report: BenchReport): string {
  const { machine, settings } = report;
  const lines = [
    `# strata bench: ${report.subjects.map(({ id }) => id).join(', ')}`,
    '',
    ...(report.partial === undefined ? [] : [`**Partial report**: ${report.partial}.`, '']),
    ...report.workloads.flatMap(workloadLines),
    ...(report.comparison === undefined ? [] : comparisonLines(report.comparison)),
    '## Where and how',
    '',
    `- ${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, ${machine.os}, Node ${machine.node}`,
    `- ${report.subjects.map(({ id, filesystem }) => `${id}${filesystem === undefined ? '' : ` on ${filesystem}`}`).join(', ')}${report.kind === 'layer' ? `; ${settings.backing}` : ''}`,
    `- load average ${machine.load.join(' before, ')} after; ${report.startedAt}; Strata ${report.strata}`,
    ...Object.entries(machine.tools).map(([name, version]) => `- ${name}: ${version}`),
    ...report.leftOut.map(({ id, reason }) => `- ${id} was left out: ${reason}`),
    '',
    '```',
    report.command.join(' '),
    '```',
  ];
  return `${lines.join('\n')}\n`;
}

function workloadLines(workload: WorkloadResult): string[] {
  return [
    `## ${workload.title}`,
    '',
    [`**${workload.verdict}**`, ...workload.besides].join(' '),
    '',
    workload.tells,
    '',
    ...(workload.metrics.length > 0
      ? [
          row(['', 'driver', 'median', 'spread', intervalName(workload.runs), 'p90', 'ratio']),
          '|---|---|--:|--:|--:|--:|--:|',
          ...workload.metrics.flatMap(metricRows),
          '',
        ]
      : []),
    ...workload.notMeasured.map(
      ({ subject, metric, cause, reason }) =>
        `- ${subject}${metric === undefined ? '' : `, ${metric}`} ${cause}: ${reason}`,
    ),
    `${workload.runs} run${workload.runs === 1 ? '' : 's'}; page cache ${workload.cache}`,
    '',
  ];
}

function metricRows(metric: MetricResult): string[] {
  return metric.measured.map((one, at) =>
    row([
      at === 0 ? metric.title : '',
      one.subject,
      figure(one.median, metric.unit),
      spreadText(one),
      span(one.interval, (value) => figure(value, metric.unit)),
      figure(one.p90, metric.unit),
      ratioText(one.ratio),
    ]),
  );
}

function comparisonLines({
  changes,
  missing = [],
  file,
  startedAt,
  warnings,
  regressions,
}: Comparison): string[] {
  const real = changes.filter(({ verdict }) => verdict !== 'noise');
  return [
    `## Against ${file} of ${startedAt}`,
    '',
    `${regressions} regressions, ${real.length - regressions} improvements, ${changes.length - real.length} figures within noise.`,
    '',
    ...warnings.map((warning) => `- Careful: ${warning}`),
    ...(changes.length + missing.length === 0 ? [`- Careful: ${NOTHING_COMMON}`] : []),
    ...missing.map((one) => `- ${missingText(one)}`),
    '',
    ...(real.length > 0
      ? [
          row(['workload', 'driver', 'before', 'after', 'ratio', '']),
          '|---|---|--:|--:|--:|---|',
          ...real.map((change) =>
            row([
              `${change.workload} ${change.metric}`,
              change.subject,
              figure(change.before, change.unit),
              figure(change.after, change.unit),
              times(change.ratio.value),
              change.verdict,
            ]),
          ),
          '',
        ]
      : []),
  ];
}
