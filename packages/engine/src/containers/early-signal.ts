import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { MonitoredProcess } from '@strata/core';

/** Milliseconds that a program gets to set itself up. */
const patience = 1000;
const pause = 5;
/** SIGKILL and SIGSTOP. */
const uncatchable = [9, 19];
/** The runtime before it executes the program: Go catches every signal, for itself. */
const runtimeName = /^runc:/;

/**
 * Wait until the first process would take a signal. In a PID namespace the kernel drops what that process neither catches
 * nor blocks (pid_namespaces(7)), and right after its start neither the program nor the init of `--init` has said what it
 * catches: a signal that is passed on in that moment is lost, and so is the user's only Ctrl-C.
 */
export async function untilItTakes(
  { process: { pid } }: Pick<MonitoredProcess, 'process'>,
  signal: number,
  { started, init }: { readonly started: Date; readonly init: boolean },
): Promise<void> {
  if (uncatchable.includes(signal)) return;
  const until = started.getTime() + patience;
  while (Date.now() < until && !takes(pid, signal) && !(init && hasChild(pid))) await delay(pause);
}

/** proc_pid_status(5). True for one that is gone, too: there is nothing to wait for. */
function takes(pid: number, signal: number): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return true;
  }
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  if (runtimeName.test(field('Name'))) return false;
  const has = (name: string): boolean =>
    ((BigInt(`0x${field(name) || 0}`) >> BigInt(signal - 1)) & 1n) === 1n;
  return has('SigBlk') || has('SigCgt');
}

/** The init of `--init` waits with sigtimedwait(2), which shows no signal as blocked, but blocks them before it forks. */
function hasChild(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1') !== '';
  } catch {
    return false;
  }
}
