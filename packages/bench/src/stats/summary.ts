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

/** A random whole number below n. */
export type Pick = (n: number) => number;

export function resample<T>(values: readonly T[], pick: Pick): T[] {
  return values.map(() => values[pick(values.length)]!);
}

/** Percentile bootstrap: the 2.5th and 97.5th percentile of a statistic over resamples. */
export function bootstrap(statistic: (pick: Pick) => number): Interval {
  const random = seeded(SEED);
  const pick: Pick = (n) => Math.floor(random() * n);
  const results = Array.from({ length: RESAMPLES }, () => statistic(pick)).sort((a, b) => a - b);
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
    interval: bootstrap((pick) => median(resample(samples, pick))),
  };
}
