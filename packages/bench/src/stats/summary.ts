import type { Interval, Summary } from '../report.ts';
import { medianRank } from './ranks.ts';

/** Of every interval: 95 %. */
export const LEVEL = 0.05;

/** Linear interpolation between order statistics (type 7 of Hyndman and Fan, as R and NumPy). */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (at - below);
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

export function median(values: readonly number[]): number {
  return quantile(ascending(values), 0.5);
}

/** From the k-th smallest to the k-th largest. */
export function between(sorted: ArrayLike<number>, rank: number): Interval {
  return [sorted[rank - 1]!, sorted[sorted.length - rank]!];
}

/** Holds the median at least 95 times in 100, from six samples on; of fewer it is their range, which holds it less often. */
export function medianInterval(samples: readonly number[]): Interval {
  return between(ascending(samples), medianRank(samples.length, LEVEL));
}

/** `samples` is not empty. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = ascending(samples);
  const middle = quantile(sorted, 0.5);
  return {
    median: middle,
    mad: median(samples.map((value) => Math.abs(value - middle))),
    p90: quantile(sorted, 0.9),
    min: sorted[0]!,
    max: sorted.at(-1)!,
    interval: medianInterval(samples),
  };
}
