/** Modules that run in worker threads. */
export type JobName = 'apply-layer' | 'write-layer' | 'diff-layer';

export function jobModule(name: JobName): URL {
  return new URL(import.meta.resolve(`@strata/archive/${name}.job`));
}
