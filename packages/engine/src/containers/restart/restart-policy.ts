import type { ContainerRecord } from '../state/container-record.ts';

const firstDelay = 100;
const lastDelay = 60_000;
/** A run that lasted this long was a good one. */
const goodRun = 10_000;

/** Is it to be started again after this end? (moby restartmanager.ShouldRestart) */
export function wantsRestart(record: ContainerRecord, exitCode: number): boolean {
  const { name, maximum } = record.config.restart ?? { name: 'no', maximum: 0 };
  if (record.stopped || record.autoRemove) return false;
  if (name === 'always' || name === 'unless-stopped') return true;
  return name === 'on-failure' && exitCode !== 0 && (maximum === 0 || record.restarts < maximum);
}

/** Milliseconds: 100 doubling with each short run up to a minute, from the beginning after a good run. */
export function restartDelay(record: ContainerRecord): number {
  const doublings = Math.max(0, shortRuns(record) - 1);
  return Math.min(lastDelay, firstDelay * 2 ** Math.min(doublings, 10));
}

/** In a row, up to the one that has just ended. */
export function shortRuns({ started, finished, shortRuns: before }: ContainerRecord): number {
  const lasted = (finished?.getTime() ?? 0) - (started?.getTime() ?? 0);
  return lasted >= goodRun ? 0 : before + 1;
}
