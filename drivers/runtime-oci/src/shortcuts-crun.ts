/** What crun's state directory has held since 0.10 (libcrun/status.c): `status`, and `exec.fifo`, on which init waits. */
import { closeSync, constants, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Host, ProcessId } from '@strata/core';
import { type EndedContainer, readJson, type Shortcuts } from './shortcuts.ts';

export const crunShortcuts: Shortcuts = {
  stateFile: 'status',
  init: /^[^\0]*crun\0--root\0/,
  letGo,
  read,
  hasHooks,
};

/** `crun start`: any byte lets init go on to the user's program. Init has the other end open since `create`. */
async function letGo(_host: Host, directory: string, _init: ProcessId): Promise<boolean> {
  const fifo = join(directory, 'exec.fifo');
  let fd: number;
  try {
    // Non-blocking: ENXIO when init is dead.
    fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    writeSync(fd, ' ');
    unlinkSync(fifo);
    return true;
  } finally {
    closeSync(fd);
  }
}

async function read(directory: string): Promise<EndedContainer | undefined> {
  const status = await readJson(join(directory, 'status'));
  const path = status['cgroup-path'];
  if (status['systemd-cgroup'] === true || typeof path !== 'string') return undefined;
  return {
    pid: status.pid,
    startTime: status['process-start-time'],
    cgroups: path === '' || path === '/' ? [] : hierarchies().map((directory) => join(directory, path)),
    files: ['exec.fifo', 'seccomp.bpf', 'config.json', 'status'],
  };
}

async function hasHooks(directory: string): Promise<boolean> {
  return (await readJson(join(directory, 'config.json'))).hooks !== undefined;
}

/** cgroups(7): version 2 is one tree, version 1 a directory of trees. */
function hierarchies(): string[] {
  const root = '/sys/fs/cgroup';
  const names = readdirSync(root);
  return names.includes('cgroup.controllers') ? [root] : names.map((name) => join(root, name));
}
