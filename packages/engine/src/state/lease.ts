/** `pid:startTime:bootId` of the process that works on a row; once it is dead the row is free to take. */
import type { Processes, ProcessId } from '@strata/core';

export function formatLease(process: ProcessId): string {
  return `${process.pid}:${process.startTime}:${process.bootId}`;
}

export function parseLease(text: string): ProcessId | undefined {
  const [pid, startTime, bootId] = text.split(':');
  if (bootId === undefined || !/^[1-9]\d*$/.test(pid ?? '') || !/^\d+$/.test(startTime ?? ''))
    return undefined;
  return { pid: Number(pid), startTime: Number(startTime), bootId };
}

/** Is somebody, this process included, still working on it? */
export function isLeaseAlive(processes: Pick<Processes, 'alive'>, lease: string | null): boolean {
  const owner = lease === null ? undefined : parseLease(lease);
  return owner !== undefined && processes.alive(owner);
}
