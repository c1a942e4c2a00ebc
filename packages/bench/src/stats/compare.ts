import type { Interval, Ratio, Unit } from '../report.ts';
import { rankSumRank } from './ranks.ts';
import { between, LEVEL, median, medianInterval } from './summary.ts';

/** Differences below this are not worth a reader's decision, whatever the statistics say. */
const LEAST_EFFECT = 0.03;
/** With fewer runs an interval says little, so the two sets of samples must not even overlap. */
const ENOUGH = 5;
/** And the difference must be this large: three runs of the same work fall apart one time in ten. */
const CLEAR = 1.5;
/** Below, nothing is said about a difference in time. */
export const LEAST_RUNS = 3;

/** One number over another; equal zeros are 1. */
function over(a: number, b: number): number {
  if (a === b) return 1;
  return b === 0 ? Number.MAX_VALUE : a / b;
}

/**
 * Subjects took turns, so run n of both met the same state of the machine: the ratio is the median of the ratios
 * of single rounds, which keeps drift and a bad moment of the machine out of it.
 */
export function comparePaired(first: readonly number[], other: readonly number[], unit: Unit): Ratio {
  const rounds = Math.min(first.length, other.length);
  const ratios = Array.from({ length: rounds }, (_, at) => over(other[at]!, first[at]!));
  return judge([first, other], { value: median(ratios), interval: medianInterval(ratios) }, unit);
}

/**
 * Two runs of the command: nothing pairs their samples. Of `comparisons` made at once, not even one in twenty whole
 * reports shall find a difference where there is none, so each has to be as much surer (Bonferroni); samples that lie
 * wholly apart are sure enough.
 */
export function compareUnpaired(
  before: readonly number[],
  after: readonly number[],
  { unit, comparisons = 1 }: { readonly unit: Unit; readonly comparisons?: number },
): Ratio {
  const ratios = Float64Array.from(before.flatMap((b) => after.map((a) => over(a, b)))).sort();
  const [n, m] = [before.length, after.length];
  const ratio = {
    value: over(median(after), median(before)),
    interval: between(ratios, rankSumRank(n, m, LEVEL)),
  };
  const sure = between(ratios, rankSumRank(n, m, LEVEL / comparisons));
  const judged = judge([before, after], ratio, unit);
  return { ...judged, noise: judged.noise || (!isSpace(unit) && holdsOne(sure)) };
}

const holdsOne = ([low, high]: Interval): boolean => low <= 1 && high >= 1;

/** Space is counted, not timed: one run is the truth. */
export const isSpace = (unit: Unit): boolean => unit === 'B' || unit === 'inodes';

function judge(
  [first, other]: readonly [readonly number[], readonly number[]],
  { value, interval }: { readonly value: number; readonly interval: Interval },
  unit: Unit,
): Ratio {
  const runs = Math.min(first.length, other.length);
  if (isSpace(unit)) return { value, interval, noise: Math.abs(value - 1) < LEAST_EFFECT };
  const touching = Math.min(...other) <= Math.max(...first) && Math.min(...first) <= Math.max(...other);
  const noise =
    runs < LEAST_RUNS ||
    Math.abs(value - 1) < LEAST_EFFECT ||
    holdsOne(interval) ||
    (runs < ENOUGH && (touching || Math.max(value, 1 / value) < CLEAR));
  return { value, interval, noise };
}
