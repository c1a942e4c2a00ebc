/** Jobs of this package: they travel inside the bootstrap, so that they also run from a single bundled file. */
export const BUILTIN_JOBS = {
  copyTree: new URL('strata-job:copy-tree'),
} as const;
