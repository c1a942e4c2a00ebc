import type { BenchReport, MetricResult, WorkloadResult } from '../../report.ts';
import { comparePaired } from '../../stats/compare.ts';
import { level, listed, ranked, tooFew } from '../../stats/verdict.ts';
import { times } from '../units.ts';
import { escapeHtml } from './text.ts';

/** Subjects that nobody beats in the first metric of a workload. */
function winners({ metrics: [first] }: WorkloadResult): string[] {
  if (first === undefined || first.measured.length < 2 || tooFew(first)) return [];
  return level(first, ranked(first, first.measured)).map(({ subject }) => subject);
}

/** One sentence over all workloads. */
export function lede({ workloads, subjects }: BenchReport): string {
  const compared = workloads.map(winners).filter((names) => names.length > 0);
  if (compared.length === 0)
    return subjects.length < 2
      ? 'One driver was measured; there is nothing to compare it with.'
      : 'Too few runs to tell the drivers apart.';
  const counts = subjects
    .map(({ id }) => ({ id, alone: compared.filter((names) => names.includes(id)).length }))
    .sort((a, b) => b.alone - a.alone)
    .map(({ id, alone }, at) =>
      at === 0
        ? `${id} is best, or level with the best, in ${alone} of ${compared.length} workloads`
        : `${id} in ${alone}`,
    );
  return `${listed(counts)}. Which one is right for you depends on which of these you do.`;
}

/** A row per workload, a column per driver: how much worse than the best. */
export function overview(report: BenchReport): string {
  const { subjects, workloads } = report;
  const rows = workloads
    .filter(({ metrics }) => metrics.length > 0)
    .map((workload) => {
      const [first] = workload.metrics as readonly [MetricResult, ...MetricResult[]];
      const best = winners(workload);
      const cells = subjects.map(
        ({ id }) => `<td${best.includes(id) ? ' class="win"' : ''}>${cell(first, id, best)}</td>`,
      );
      return `<tr><td><a href="#${escapeHtml(workload.id)}">${escapeHtml(workload.title)}</a></td>${cells.join('')}</tr>`;
    });
  const heads = subjects.map(({ id }) => `<th scope="col">${escapeHtml(id)}</th>`).join('');
  return `<div class="scroll"><table><thead><tr><th scope="col">workload</th>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table></div>
<p class="small">How many times the best driver’s time or space each needs, by the workload’s first figure. ★: best; level: these runs cannot tell it from the best.</p>`;
}

function cell(metric: MetricResult, subject: string, even: readonly string[]): string {
  const [best] = ranked(metric, metric.measured);
  const own = metric.measured.find((one) => one.subject === subject);
  if (own === undefined || best === undefined) return '–';
  const [a, b] = metric.better === 'lower' ? [best, own] : [own, best];
  if (own === best) return '1×';
  if (even.includes(subject)) return 'level';
  return times(comparePaired(a.samples, b.samples, metric.unit).value);
}
