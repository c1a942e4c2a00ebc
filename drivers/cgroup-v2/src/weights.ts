/**
 * cgroup v1 CPU shares (2–262144, default 1024) as a v2 weight (1–10000, default 100): the curve through both ends
 * and both defaults that runc and crun use. The older straight line made the default share of 1024 a weight of 39.
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** blkio weight (10–1000) as `io.weight` (1–10000), the OCI runtimes' straight line. */
export function ioWeight(weight: number): number {
  return 1 + Math.trunc(((weight - 10) * 9999) / 990);
}
