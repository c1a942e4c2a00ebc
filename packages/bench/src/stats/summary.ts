import type { Interval, Summary } from '../report.ts';
import { seeded } from './random.ts';

const RESAMPLES = 2000;
const SEED = 0x57a7a;

/** Linear interpolation between order statistics (type 7 of Hyndman and Fan, as R and NumPy). */
export function quantile(sorted: readonly number[], p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (at - below);
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

export function median(values: readonly number[]): number {
  return quantile(ascending(values), 0.5);
}

/** Percentile bootstrap: `statistic` over resamples of the indexes 0…n−1, its 2.5th and 97.5th percentile. */
export function bootstrap(n: number, statistic: (indexes: readonly number[]) => number): Interval {
  const random = seeded(SEED);
  const results: number[] = [];
  const indexes = new Array<number>(n);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    for (let at = 0; at < n; at++) indexes[at] = Math.floor(random() * n);
    const value = statistic(indexes);
    if (Number.isFinite(value)) results.push(value);
  }
  results.sort((a, b) => a - b);
  if (results.length === 0) return [0, 0];
  return [quantile(results, 0.025), quantile(results, 0.975)];
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
    interval: bootstrap(samples.length, (indexes) => median(indexes.map((at) => samples[at]!))),
  };
}
