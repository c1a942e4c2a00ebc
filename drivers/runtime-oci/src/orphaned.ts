import { readFileSync, readlinkSync } from 'node:fs';
import { StrataError } from '@strata/core';

/**
 * conmon waits for the end of the runtime's standard error before it reports. A runtime that was killed (by the
 * kernel, short of memory) after it made the first process leaves that open: nobody would ever hear of it.
 */
export async function unlessOrphaned<T>(monitorPid: number, report: Promise<T>): Promise<T> {
  let orphaned = 0;
  let watch: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    watch = setInterval(() => {
      orphaned = !isAsleep(monitorPid) || runtimeRuns(monitorPid) ? 0 : orphaned + 1;
      // Not at once: between the runtime's end and the report is a moment without it.
      if (orphaned < 5) return;
      killChild(monitorPid);
      reject(new StrataError('internal', 'MONITOR_FAILED', 'The container runtime was killed half-way'));
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
    const children = readFileSync(`/proc/${monitorPid}/task/${monitorPid}/children`, 'utf8').split(' ');
    return children.some((pid) => {
      if (pid === '') return false;
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return (words.includes('create') || words.includes('exec')) && isOutside(pid);
    });
  } catch {
    // No such file without CONFIG_PROC_CHILDREN: wait as long as it takes. A child that went away is asked again.
    return true;
  }
}

/** Not the mount namespace: crun may be started in one of its own (launch.ts). */
function isOutside(pid: string): boolean {
  const of = (process: string) =>
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

/** Our own child, which nobody but us reaps: its number cannot be another's. */
function killChild(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
