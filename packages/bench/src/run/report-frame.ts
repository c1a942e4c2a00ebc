import { isStrataError, StrataError } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import type { BenchReport } from '../report.ts';
import { describeMachine } from '../stage/machine.ts';

export interface RunFacts {
  readonly runs?: number;
  /** What was typed. */
  readonly words: readonly string[];
  readonly signal: AbortSignal;
}

export type Findings = Pick<BenchReport, 'kind' | 'subjects' | 'leftOut' | 'workloads'> & {
  readonly startedAt: Date;
  /** Load average at the start. */
  readonly load: number;
  readonly settings: Omit<BenchReport['settings'], 'runs' | 'warmup'>;
};

/** What was found, with when, where and how. */
export async function frameReport(
  { host, version }: BenchPorts,
  { runs, words, signal }: RunFacts,
  { startedAt, load, settings, ...findings }: Findings,
): Promise<BenchReport> {
  return {
    schemaVersion: 1,
    strata: version,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    command: words,
    ...(signal.aborted ? { partial: 'It was interrupted; this is what had been measured' } : {}),
    settings: { runs: runs ?? null, warmup: 1, ...settings },
    machine: await describeMachine(host, load),
    ...findings,
  };
}

/** No driver is left. */
export function nothingToMeasure(leftOut: BenchReport['leftOut']): StrataError {
  const reasons = leftOut.map(({ id, reason }) => `${id}: ${reason}`).join('; ');
  return new StrataError('unsupported', 'BENCH_NO_DRIVER', `No driver can be measured here (${reasons})`, {
    hint: leftOut.find(({ hint }) => hint !== undefined)?.hint ?? 'strata driver ls shows what works',
  });
}

export const messageOf = (error: unknown): string =>
  isStrataError(error) || error instanceof Error ? error.message : String(error);
