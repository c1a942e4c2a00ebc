/**
 * Which order statistics bound a confidence interval, whatever the distribution: the sign test and the rank sum test,
 * inverted (Conover, Practical Nonparametric Statistics, 3.2 and 5.1). Exact, so they also hold for the few samples a
 * bench has, where a bootstrap of the median promises 95 % and keeps 87 (seven samples).
 */

/** Above, the tables grow and the normal approximation is as good. */
const EXACT = 40;

/** z of the standard normal with this much above it. Abramowitz and Stegun 26.2.23, to 5e-4. */
function upperQuantile(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  return t - above / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

/** The last k for which the first k weights sum to at most `most`; at least 1: the widest interval there is. */
function lastRank(weights: Iterable<number>, most: number): number {
  let sum = 0;
  let rank = 0;
  for (const weight of weights) {
    sum += weight;
    if (sum > most) break;
    rank += 1;
  }
  return Math.max(1, rank);
}

/** The k-th smallest and the k-th largest of n samples bound the median. */
export function medianRank(n: number, level: number): number {
  const tail = level / 2;
  if (n > EXACT) return Math.max(1, Math.floor((n - upperQuantile(tail) * Math.sqrt(n)) / 2));
  function* binomial(): Generator<number> {
    for (let k = 0, weight = 2 ** -n; k <= n; weight = (weight * (n - k)) / (k + 1), k++) yield weight;
  }
  return lastRank(binomial(), tail);
}

/** The k-th smallest and the k-th largest of all n × m ratios of one sample to the other bound the shift. */
export function rankSumRank(n: number, m: number, level: number): number {
  const tail = level / 2;
  if (n > EXACT || m > EXACT) {
    const spread = Math.sqrt((n * m * (n + m + 1)) / 12);
    return Math.max(1, Math.floor((n * m) / 2 - upperQuantile(tail) * spread));
  }
  const ways = rankSums(n, m);
  const all = ways.reduce((sum, count) => sum + count, 0);
  return lastRank(
    ways.map((count) => count / all),
    tail,
  );
}

/** How many of the orders of n and m values have each U: the Gaussian binomial coefficients. */
function rankSums(n: number, m: number): number[] {
  let ways = [1];
  for (let part = 1; part <= n; part++) {
    const longer = Array.from({ length: ways.length + m }, (_, at) => ways[at] ?? 0);
    // Times (1 − q^(m+part)), then divided by (1 − q^part).
    for (let at = longer.length - 1; at >= m + part; at--) longer[at]! -= longer[at - m - part]!;
    for (let at = part; at < longer.length; at++) longer[at]! += longer[at - part]!;
    ways = longer;
  }
  return ways;
}
