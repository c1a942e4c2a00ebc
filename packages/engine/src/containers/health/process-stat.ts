/** What proc_pid_stat(5) tells of a process. */
import { readdirSync, readFileSync } from 'node:fs';

/** linux/sched.h. */
const PF_EXITING = 0x4;

export function sessionOf(pid: number): number | undefined {
  const session = statFields(`/proc/${pid}`)?.[3];
  return session === undefined ? undefined : Number(session);
}

/**
 * Is it on its way out? The first process of a PID namespace kills all others and waits for them before it is a zombie
 * (pid_namespaces(7)), so who reads of their death may find it alive.
 */
export function isExiting(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).every((task) => {
      const flags = statFields(`${tasks}/${task}`)?.[6];
      return flags === undefined || (Number(flags) & PF_EXITING) !== 0;
    });
  } catch {
    return true;
  }
}

/** From field 3 on: state, ppid, pgrp, session, tty_nr, tpgid, flags. The name before may hold spaces and parentheses. */
export function statFields(directory: string): string[] | undefined {
  try {
    const stat = readFileSync(`${directory}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
