import { readFileSync } from 'node:fs';
import { errnoOf, type Processes, type ProcessId } from '@strata/core';
import { native } from '../native.ts';

interface ProcStat {
  readonly state: string;
  readonly startTime: number;
}

/** proc(5): the name in field 2 may hold spaces and parentheses, so fields count from the last `)`. */
export function parseProcStat(text: string): ProcStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startTime = Number(fields[19]);
  return fields[0] === undefined || !Number.isSafeInteger(startTime)
    ? undefined
    : { state: fields[0], startTime };
}

function readStat(pid: number): ProcStat | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}

let bootIdentity: string | undefined;
function bootId(): string {
  bootIdentity ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return bootIdentity;
}

const isDead = (state: string): boolean => state === 'Z' || state === 'X' || state === 'x';

function identify(pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  return stat && { pid, startTime: stat.startTime, bootId: bootId() };
}

function alive(process: ProcessId): boolean {
  if (process.bootId !== bootId()) return false;
  const stat = readStat(process.pid);
  return stat !== undefined && stat.startTime === process.startTime && !isDead(stat.state);
}

/** The descriptor pins whoever has the pid now, so the check after opening it holds until the signal is sent. */
function kill(target: ProcessId, signal: number): boolean {
  let pidfd: number;
  try {
    pidfd = native().pidfdOpen(target.pid);
  } catch (error) {
    if (errnoOf(error) === 'ENOSYS') return alive(target) && process.kill(target.pid, signal);
    if (errnoOf(error) === 'ESRCH' || errnoOf(error) === 'EINVAL') return false;
    throw error;
  }
  try {
    if (!alive(target)) return false;
    native().pidfdSendSignal(pidfd, signal);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw error;
  } finally {
    native().close(pidfd);
  }
}

export function createProcesses(): Processes {
  let self: ProcessId | undefined;
  return {
    identify,
    get self() {
      self ??= identify(process.pid);
      if (self === undefined) throw new Error('/proc is not mounted: the engine cannot tell processes apart');
      return self;
    },
    alive,
    kill,
  };
}
