import type { Interval, Ratio } from '../report.ts';
import { bootstrap, median, resample } from './summary.ts';

/** Differences below this are not worth a reader's decision, whatever the statistics say. */
const LEAST_EFFECT = 0.03;
/** With fewer runs an interval says little, so the two sets of samples must not even overlap. */
const ENOUGH = 5;
const LEAST = 3;

/** One number over another; equal zeros are 1. */
function over(a: number, b: number): number {
  if (a === b) return 1;
  return b === 0 ? Number.MAX_VALUE : a / b;
}

/**
 * Subjects took turns, so run n of both met the same state of the machine: resampling whole rounds keeps drift out
 * of the interval.
 */
export function comparePaired(first: readonly number[], other: readonly number[]): Ratio {
  const rounds = Array.from({ length: Math.min(first.length, other.length) }, (_, at) => at);
  const interval = bootstrap((pick) => {
    const chosen = resample(rounds, pick);
    return over(median(chosen.map((at) => other[at]!)), median(chosen.map((at) => first[at]!)));
  });
  return judge(first, other, interval);
}

/** Two runs of the command: nothing pairs their samples. */
export function compareUnpaired(before: readonly number[], after: readonly number[]): Ratio {
  const interval = bootstrap((pick) => over(median(resample(after, pick)), median(resample(before, pick))));
  return judge(before, after, interval);
}

function judge(first: readonly number[], other: readonly number[], interval: Interval): Ratio {
  const value = over(median(other), median(first));
  const few = Math.min(first.length, other.length) < ENOUGH;
  const touching = Math.min(...other) <= Math.max(...first) && Math.min(...first) <= Math.max(...other);
  const exact = first.concat(other).every((sample, _, all) => sample === all[0]);
  const noise =
    exact ||
    Math.min(first.length, other.length) < LEAST ||
    Math.abs(value - 1) < LEAST_EFFECT ||
    (interval[0] <= 1 && interval[1] >= 1) ||
    (few && touching);
  return { value, interval, noise };
}
