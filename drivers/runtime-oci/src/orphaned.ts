import { readFileSync, readlinkSync } from 'node:fs';
import { StrataError } from '@strata/core';

/** As long as any other program may take; milliseconds. */
const PATIENCE = 30_000;

/**
 * conmon waits for the end of the runtime's standard error before it reports. A runtime that was killed (by the
 * kernel, short of memory) after it made the first process leaves that open, and one that hangs never closes it: nobody
 * would ever hear of it. The monitor and what it started are killed then.
 */
export async function unlessOrphaned<T>(monitorPid: number, report: Promise<T>): Promise<T> {
  const begun = performance.now();
  let orphaned = 0;
  let watch: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const end = (what: string) => {
      // The container's first process outlives a killed crun, and without the monitor nobody knows it.
      for (const pid of childrenOf(monitorPid) ?? []) kill(pid);
      kill(monitorPid);
      reject(new StrataError('internal', 'MONITOR_FAILED', `The container runtime ${what}`));
    };
    watch = setInterval(() => {
      orphaned = !isAsleep(monitorPid) || runtimeRuns(monitorPid) ? 0 : orphaned + 1;
      // Not at once: between the runtime's end and the report is a moment without it.
      if (orphaned >= 5) end('was killed half-way');
      else if (performance.now() - begun > PATIENCE) end(`gave no answer within ${PATIENCE / 1000} s`);
    }, 1_000);
  });
  try {
    return await Promise.race([report, silence]);
  } finally {
    clearInterval(watch);
  }
}

/**
 * Whether a child of the monitor is still making something. What it makes becomes a child as well when its maker dies,
 * and that of crun has the same command line; but it is in namespaces of its own.
 */
function runtimeRuns(monitorPid: number): boolean {
  try {
    // No such file without CONFIG_PROC_CHILDREN: wait as long as it takes.
    return childrenOf(monitorPid)?.some((pid) => isMaking(pid) && isOutside(pid)) ?? true;
  } catch {
    // One that went away is asked again.
    return true;
  }
}

function childrenOf(pid: number): number[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return undefined;
  }
}

function isMaking(pid: number): boolean {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return words.includes('create') || words.includes('exec');
}

/** Not the mount namespace: crun may be started in one of its own (launch.ts). */
function isOutside(pid: number): boolean {
  const of = (process: number | 'self') =>
    ['pid', 'ipc', 'uts', 'net'].map((kind) => readlinkSync(`/proc/${process}/ns/${kind}`)).join();
  return of(pid) === of('self');
}

/** On a busy machine a monitor may have its report ready for seconds and not run: proc(5), the state after the name. */
function isAsleep(pid: number): boolean {
  try {
    return /^\d+ \(.*\) S /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** The monitor is our own child and these are its own, which nobody else reaps: a number cannot be another's. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
