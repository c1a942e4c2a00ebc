import type { RunOptions } from '@strata/core';

/** Milliseconds. */
export const DEFAULT_TIMEOUT = 30_000;
/** Bytes of standard output and error together, above which a program is stopped. */
export const MAX_OUTPUT = 100_000_000;

/** How a program ended, whoever started it. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why we killed it. */
  readonly stopped: 'timeout' | 'aborted' | 'output' | undefined;
}

export type Runner = (path: string, args: readonly string[], options: RunOptions) => Promise<Outcome>;
