import type { Host } from './host.ts';

/**
 * CPU-bound work off the main thread. A job is the default export of a module of its own; it gets a Host made in
 * the worker. Input, progress and result are structured-cloneable.
 */
export type Job<Input, Progress, Result> = (
  input: Input,
  context: { readonly host: Host; readonly signal: AbortSignal; progress(update: Progress): void },
) => Promise<Result>;

export interface Workers {
  /** Run a job in the pool (one thread per core, kept warm, ended when idle). Rejects with the job's own error. */
  run<Input, Progress, Result>(
    module: URL,
    input: Input,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (update: Progress) => void },
  ): Promise<Result>;
  /** A job is coming: start a thread meanwhile, which takes some 30 ms. Does nothing when there is one. */
  warm(): void;
  /** End the threads. Idempotent. */
  close(): Promise<void>;
}
