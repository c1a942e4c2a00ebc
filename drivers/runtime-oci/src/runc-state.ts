/**
 * Two steps of runc without starting runc, which costs about 8 ms each on the hot path of every container. Both rest
 * on what runc's state directory has held since 1.0 (libcontainer/container_linux.go): `state.json` with the cgroup
 * paths, and `exec.fifo`, in which the created init waits. Whatever is not exactly as expected answers false, and the
 * program itself is asked.
 */
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, type Host, type ProcessId } from '@strata/core';

const startTimeout = 5000;

/** `runc start`: take the byte that init offers, which lets it go on to the user's program. */
export async function letGo(host: Host, directory: string, init: ProcessId): Promise<boolean> {
  const fifo = join(directory, 'exec.fifo');
  let fd: number;
  try {
    // Non-blocking, so that an init that died meanwhile cannot hold us.
    fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    for (const deadline = Date.now() + startTimeout; Date.now() < deadline; ) {
      // Asked before the read: an init that offers its byte, runs and ends in between has been let go all the same.
      const alive = host.processes.alive(init);
      if (readByte(fd)) {
        unlinkSync(fifo);
        return true;
      }
      if (!alive) return false;
      await delay(1);
    }
    return false;
  } finally {
    closeSync(fd);
  }
}

/**
 * Until the user's program runs, the process is runc's own init, which a signal meant for the program would end. It is
 * at most this long away from exec(2) once the byte was taken.
 */
const execTimeout = 1000;

/** Wait while the init of a container that is being started is still runc's. Returns whatever the state is. */
export async function untilExec(directory: string): Promise<void> {
  const state = await readState(directory);
  if (state === undefined) return;
  for (const deadline = Date.now() + execTimeout; Date.now() < deadline; await delay(1))
    if (!isRuncInit(state.pid)) return;
}

/** Its title; between exec(2) and the program's first instruction it is the program's already. */
function isRuncInit(pid: number): boolean {
  try {
    return /^[^\0]*runc\0init\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false;
  }
}

/** `runc delete` of a container whose init is dead and that has no hooks: its cgroups and its state directory. */
export async function forgetEnded(host: Host, directory: string): Promise<boolean> {
  const state = await readState(directory);
  if (state === undefined || isAlive(host, state)) return false;
  for (const path of state.cgroups) {
    try {
      rmdirSync(path);
    } catch (error) {
      // Busy: something of it lives on, and runc knows how to deal with that.
      if (errnoOf(error) !== 'ENOENT') return false;
    }
  }
  return removePlain(directory);
}

/** Only what we know; anything else (a mount that a killed runc left) is not ours to guess about. */
function removePlain(directory: string): boolean {
  try {
    for (const name of ['exec.fifo', 'state.json']) rmSync(join(directory, name), { force: true });
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

interface RuncState {
  readonly pid: number;
  readonly startTime: number;
  readonly cgroups: readonly string[];
}

async function readState(directory: string): Promise<RuncState | undefined> {
  try {
    const state = JSON.parse(await readFile(join(directory, 'state.json'), 'utf8')) as {
      init_process_pid?: unknown;
      init_process_start?: unknown;
      cgroup_paths?: unknown;
      config?: { Hooks?: unknown };
    };
    const { init_process_pid: pid, init_process_start: startTime, cgroup_paths: paths, config } = state;
    const cgroups = Object.values((paths ?? {}) as Record<string, unknown>);
    const plain =
      typeof pid === 'number' &&
      typeof startTime === 'number' &&
      !/"[^"]+":\[[^\]]/.test(JSON.stringify(config?.Hooks ?? {})) &&
      cgroups.every((path) => typeof path === 'string' && path.startsWith('/') && !path.includes('/../'));
    return plain ? { pid, startTime, cgroups: cgroups as string[] } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(host: Host, { pid, startTime }: RuncState): boolean {
  const now = host.processes.identify(pid);
  return now !== undefined && now.startTime === startTime && host.processes.alive(now);
}

function readByte(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1), 0, 1, null) === 1;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return false;
    throw error;
  }
}
