import { capital, figure, times } from '../render/units.ts';
import type { Measured, Metric, MetricResult, Unit } from '../report.ts';
import { comparePaired, isSpace, LEAST_RUNS } from './compare.ts';

/** How a comparison is put into words, by unit. */
const WORDS: Readonly<Record<Unit, { readonly best: string; readonly more: Worse }>> = {
  s: { best: 'fastest', more: (factor, than) => `takes ${factor} as long${than && ` as ${than}`}` },
  B: { best: 'smallest', more: (factor, than) => `needs ${factor} as much${than && ` as ${than}`}` },
  inodes: { best: 'smallest', more: (factor, than) => `needs ${factor} as many${than && ` as ${than}`}` },
  '1/s': { best: 'fastest', more: (factor, than) => `needs ${factor} the time${than && ` of ${than}`}` },
  'B/s': { best: 'fastest', more: (factor, than) => `needs ${factor} the time${than && ` of ${than}`}` },
};

/** `than`: whom; '' where the sentence has one best. */
type Worse = (factor: string, than: string) => string;

export const listed = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

/** The best first. */
export function ranked(metric: Pick<Metric, 'better'>, measured: readonly Measured[]): Measured[] {
  const sign = metric.better === 'lower' ? 1 : -1;
  return [...measured].sort((a, b) => sign * (a.median - b.median));
}

/** Who cannot be told from the best. */
export function level({ unit }: Pick<Metric, 'unit'>, order: readonly Measured[]): Measured[] {
  const [best] = order;
  return order.filter((one) => one === best || comparePaired(best!.samples, one.samples, unit).noise);
}

/** How much worse than the best, ≥ 1. */
function factor(metric: Pick<Metric, 'better' | 'unit'>, best: Measured, other: Measured): string {
  const value =
    metric.better === 'lower'
      ? comparePaired(best.samples, other.samples, metric.unit).value
      : comparePaired(other.samples, best.samples, metric.unit).value;
  return times(value);
}

/** One sentence: who is best, by how much, or that nobody is. */
export function metricVerdict(metric: Metric, measured: readonly Measured[]): string {
  const order = ranked(metric, measured);
  const [best] = order;
  if (best === undefined) return 'Nothing was measured.';
  if (order.length === 1) return `${best.subject}: ${figure(best.median, metric.unit)}.`;
  if (tooFew({ unit: metric.unit, measured })) {
    const figures = order.map((one) => `${one.subject} ${figure(one.median, metric.unit)}`);
    return `Too few runs to compare: ${figures.join(', ')}.`;
  }
  const words = WORDS[metric.unit];
  const tied = level(metric, order);
  const than = tied.length === 1 ? '' : best.subject;
  const others = order
    .filter((one) => !tied.includes(one))
    .map((one) => `${one.subject} ${words.more(factor(metric, best, one), than)}`);
  const head =
    tied.length === 1
      ? `${best.subject} is ${words.best} (${figure(best.median, metric.unit)})`
      : `${listed(tied.map((one) => `${one.subject} (${figure(one.median, metric.unit)})`))} ${isSpace(metric.unit) ? 'need about the same' : 'cannot be told apart in the noise'}`;
  return `${head}${others.length > 0 ? `; ${listed(others)}` : ''}.`;
}

const MOST_BESIDES = 3;

/** The first metric decides; others are named where somebody else wins. */
export function workloadVerdict(metrics: readonly MetricResult[]): {
  readonly verdict: string;
  readonly besides: readonly string[];
} {
  const [first, ...rest] = metrics;
  if (first === undefined) return { verdict: 'Nothing was measured.', besides: [] };
  const said = (metric: MetricResult): string => `${capital(metric.title)}: ${metric.verdict}`;
  const winner = (metric: MetricResult): string =>
    level(metric, ranked(metric, metric.measured))
      .map(({ subject }) => subject)
      .sort()
      .join();
  const others = rest.filter(
    (metric) => metric.measured.length > 1 && !tooFew(metric) && winner(metric) !== winner(first),
  );
  return {
    verdict: rest.length > 0 ? said(first) : first.verdict,
    besides: others.slice(0, MOST_BESIDES).map(said),
  };
}

/** Time needs several runs before a difference means anything; space is counted. */
export function tooFew({ unit, measured }: Pick<MetricResult, 'unit' | 'measured'>): boolean {
  return !isSpace(unit) && measured.some(({ samples }) => samples.length < LEAST_RUNS);
}
