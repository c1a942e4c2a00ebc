/** The end of a probe that hangs: SIGKILL to all it began, by its monitor's tree and its sessions. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { CgroupRef, ProcessId } from '@strata/core';
import type { EngineServices } from '../../services.ts';
import { sessionOf } from './process-stat.ts';

const sigkill = 9;
const sigstop = 19;
const attempts = 100;
const pause = 20;

/**
 * The monitor is left, and ends by itself when nothing of the probe lives. What a probe made on purpose to survive
 * (its own session, its parent gone) is the container's, as with Docker, and ends with it.
 */
export async function killProbe(
  services: EngineServices,
  monitor: ProcessId,
  cgroup: CgroupRef | undefined,
): Promise<void> {
  // A session outlives its leader, and those whose parent died have left the tree.
  const sessions = new Set<number>();
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await standStill(services, { monitor, cgroup, sessions });
    if (found.length === 0) return;
    for (const one of found) services.host.processes.kill(one, sigkill);
    await delay(pause);
  }
}

interface Target {
  readonly monitor: ProcessId;
  readonly cgroup: CgroupRef | undefined;
  readonly sessions: Set<number>;
}

/** All of it, stopped first: one whose parent dies while it forks or leaves its session would get away. */
async function standStill(services: EngineServices, target: Target): Promise<readonly ProcessId[]> {
  const { processes } = services.host;
  const { monitor, cgroup, sessions } = target;
  const stopped = new Map<number, ProcessId>();
  for (let fresh = 1; fresh > 0; ) {
    fresh = 0;
    const tree = processes.alive(monitor) ? below(monitor.pid) : [];
    for (const pid of tree) addSession(sessions, pid);
    for (const pid of [...tree, ...(await inSessions(services, cgroup, sessions))]) {
      const one = stopped.has(pid) ? undefined : processes.identify(pid);
      if (one === undefined || !processes.kill(one, sigstop)) continue;
      stopped.set(pid, one);
      fresh++;
    }
  }
  return [...stopped.values()];
}

async function inSessions(
  services: EngineServices,
  cgroup: CgroupRef | undefined,
  sessions: ReadonlySet<number>,
): Promise<number[]> {
  if (cgroup === undefined) return [];
  const members = await (await services.cgroup()).processes(cgroup).catch(() => []);
  return members.filter((pid) => sessions.has(sessionOf(pid) ?? -1));
}

/** Descendants. proc_tid_children(5): complete only when all stand still. */
function below(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter((word) => word !== '')
        .flatMap((word) => [Number(word), ...below(Number(word))]),
    );
  } catch {
    return [];
  }
}

function addSession(sessions: Set<number>, pid: number): void {
  const session = sessionOf(pid);
  if (session !== undefined && session !== 0) sessions.add(session);
}
