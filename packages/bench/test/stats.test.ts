import { describe, expect, it } from 'vitest';
import { comparePaired, compareUnpaired } from '../src/stats/compare.ts';
import { seeded } from '../src/stats/random.ts';
import { medianRank, rankSumRank } from '../src/stats/ranks.ts';
import { quantile, summarise } from '../src/stats/summary.ts';

const random = seeded(7);
/** Times as they are: a floor and a tail. */
const times = (n: number, middle: number): number[] =>
  Array.from({ length: n }, () => middle * (1 + 0.1 * -Math.log(1 - random())));

describe('summaries', () => {
  it('agree with R', () => {
    const sorted = [1, 2, 4, 8, 16];
    expect(quantile(sorted, 0.5)).toBe(4);
    expect(quantile(sorted, 0.9)).toBeCloseTo(12.8);
    expect(summarise([16, 1, 4, 8, 2])).toMatchObject({ median: 4, mad: 3, min: 1, max: 16 });
  });

  it.each([6, 7, 8, 9, 15])(
    'give an interval of %d samples that holds the true median 95 times in 100',
    (n) => {
      const trueMedian = 1 + 0.1 * Math.LN2;
      const TRIALS = 4000;
      let inside = 0;
      for (let trial = 0; trial < TRIALS; trial++) {
        const [low, high] = summarise(times(n, 1)).interval;
        if (low <= trueMedian && trueMedian <= high) inside += 1;
      }
      expect(inside / TRIALS).toBeGreaterThan(0.94);
      expect(inside / TRIALS).toBeLessThan(0.999);
    },
  );

  it('bound intervals at the ranks of the tables', () => {
    expect([5, 6, 8, 9, 12, 20].map((n) => medianRank(n, 0.05))).toEqual([1, 1, 1, 2, 3, 6]);
    // One more than the critical values of U: 2, 8, 17, 127.
    expect([5, 7, 9, 20].map((n) => rankSumRank(n, n, 0.05))).toEqual([3, 9, 18, 128]);
    expect(Math.abs(medianRank(41, 0.05) - medianRank(40, 0.05))).toBeLessThan(2);
    expect(rankSumRank(41, 40, 0.05)).toBeGreaterThan(rankSumRank(40, 40, 0.05));
  });

  it('are the same for the same samples', () => {
    const samples = times(7, 3);
    expect(summarise(samples)).toEqual(summarise(samples));
  });
});

describe('comparisons', () => {
  it('call equal work noise, and rarely anything else', () => {
    let wrong = 0;
    for (let trial = 0; trial < 200; trial++)
      if (!comparePaired(times(7, 1), times(7, 1), 's').noise) wrong += 1;
    expect(wrong / 200).toBeLessThan(0.12);
  });

  it('see a difference of 40 % in seven runs', () => {
    const { value, interval, noise } = comparePaired(times(7, 1), times(7, 1.4), 's');
    expect(noise).toBe(false);
    expect(value).toBeGreaterThan(1.2);
    expect(interval[0]).toBeGreaterThan(1);
  });

  it('keep drift that hits both out, as drivers take turns', () => {
    const drift = [1, 2, 4, 8, 16, 32, 64];
    const { value, noise } = comparePaired(
      drift,
      drift.map((time) => time * 1.2),
      's',
    );
    expect({ value: value.toFixed(2), noise }).toEqual({ value: '1.20', noise: false });
    expect(
      compareUnpaired(
        drift,
        drift.map((time) => time * 1.2),
        { unit: 's' },
      ).noise,
    ).toBe(true);
  });

  it('find hardly a regression in a whole report of equal work, and real ones still', () => {
    const COMPARISONS = 100;
    const options = { unit: 's', comparisons: COMPARISONS } as const;
    let wrong = 0;
    for (let trial = 0; trial < 20 * COMPARISONS; trial++)
      if (!compareUnpaired(times(9, 1), times(9, 1), options).noise) wrong += 1;
    expect(wrong).toBeLessThanOrEqual(3);
    expect(compareUnpaired(times(9, 1), times(9, 1.8), options).noise).toBe(false);
    expect(compareUnpaired([1, 1.01, 1.02, 1, 0.99], [1.3, 1.31, 1.29, 1.3, 1.33], options).noise).toBe(
      false,
    );
  });

  it('say nothing after two runs, and need samples apart after four', () => {
    expect(comparePaired([1, 1], [9, 9], 's').noise).toBe(true);
    expect(comparePaired([1, 1, 1, 5], [4, 4, 4, 4], 's').noise).toBe(true);
    expect(comparePaired([1, 1.1, 1, 1.2], [4, 4, 4, 4], 's').noise).toBe(false);
  });

  it('believe one count of space', () => {
    expect(comparePaired([100], [400], 'B')).toMatchObject({ value: 4, noise: false });
    expect(comparePaired([100], [101], 'B').noise).toBe(true);
    expect(comparePaired([0], [0], 'inodes')).toMatchObject({ value: 1, noise: true });
  });
});
