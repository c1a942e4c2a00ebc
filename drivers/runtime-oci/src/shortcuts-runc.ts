/**
 * What runc's state directory has held since 1.0 (libcontainer/container_linux.go): `state.json` with the cgroup
 * paths, and `exec.fifo`, in which the created init waits.
 */
import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, type Host, type ProcessId } from '@strata/core';
import { type EndedContainer, readJson, type Shortcuts } from './shortcuts.ts';

const startTimeout = 5000;

export const runcShortcuts: Shortcuts = {
  stateFile: 'state.json',
  init: /^[^\0]*runc\0init\0/,
  letGo,
  read,
  hasHooks,
};

/** `runc start`: take the byte that init offers, which lets it go on to the user's program. */
async function letGo(host: Host, directory: string, init: ProcessId): Promise<boolean> {
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

async function read(directory: string): Promise<EndedContainer | undefined> {
  const {
    init_process_pid: pid,
    init_process_start: startTime,
    cgroup_paths: paths,
  } = await readJson<{ cgroup_paths?: object }>(join(directory, 'state.json'));
  return { pid, startTime, cgroups: Object.values(paths ?? {}), files: ['exec.fifo', 'state.json'] };
}

async function hasHooks(directory: string): Promise<boolean> {
  const { config } = await readJson<{ config?: { Hooks?: unknown } }>(join(directory, 'state.json'));
  return /"[^"]+":\[[^\]]/.test(JSON.stringify(config?.Hooks ?? {}));
}

function readByte(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1), 0, 1, null) === 1;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return false;
    throw error;
  }
}
