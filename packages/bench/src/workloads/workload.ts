/**
 * # Workload: one question, put to every driver in turn
 *
 * `open` prepares what all runs share (a deep stack, an image), `run` does the work once and returns a figure per
 * metric, `close` gives everything back. Only what `run` puts between `clock()` and its end is measured; making
 * room and tidying up around it is not.
 */
import type { Host } from '@strata/core';
import type { Metric } from '../report.ts';
import type { Subject } from '../stage/subject.ts';

/** A figure per metric id, in the metric's unit. A metric a driver cannot do is left out. */
export type Measures = Readonly<Record<string, number>>;

export interface Opened {
  run(): Promise<Measures>;
  /** Metrics this driver has no figure for, with one sentence why; filled while it runs. */
  readonly cannot?: ReadonlyMap<string, string>;
  close?(): Promise<void>;
}

/** Not possible with this driver or on this host. */
export interface Skip {
  readonly skip: string;
}

/** What takes turns. */
export interface Contestant {
  readonly id: string;
  readonly host: Host;
  /** Before each turn: what was done before is done, and takes nothing of this turn's time. */
  rest?(): Promise<void>;
  /** Between workloads: nothing measured, what was used given back. */
  settle(): Promise<void>;
  /** One sentence on why whatever is tried fails, if that is so. */
  shortage?(): Promise<string | undefined>;
}

export interface Workload<S extends Contestant = Subject> {
  /** What `--workload` takes. */
  readonly id: string;
  readonly title: string;
  /** One sentence: what the figure tells the reader. */
  readonly tells: string;
  readonly metrics: readonly Metric[];
  /** State of the page cache when the clock starts, in words. */
  readonly cache: string;
  /** Needs an image: runs against a whole engine instead of the driver alone. */
  readonly needsImage: boolean;
  /** The figure is the same each time (disk space): one run says all. */
  readonly exact?: boolean;
  open(subject: S, signal: AbortSignal): Promise<Opened | Skip>;
}

export const seconds = (id: string, title: string): Metric => ({ id, title, unit: 's', better: 'lower' });
export const perSecond = (id: string, title: string): Metric => ({
  id,
  title,
  unit: '1/s',
  better: 'higher',
});

/** Seconds since the call. */
export function clock(): () => number {
  const start = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - start) / 1e9;
}

/** How long `work` takes, in seconds. */
export async function timed(work: () => unknown): Promise<number> {
  const stop = clock();
  await work();
  return stop();
}

export const WARM = 'warm: what the work needs was just written or read';

export const ALWAYS_WARM =
  'the page cache can only be emptied under --cold, or with --backing=loop or memory';
