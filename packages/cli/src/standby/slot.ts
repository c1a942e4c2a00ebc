import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Native } from '@strata/native';
import { DIRECTORY, slots, socketOf } from './names.ts';

const LOCK = '.lock';
const LOCK_EX = 2;

/** The place of one standby process: its socket's path is free for it while it lives. */
export interface Slot {
  readonly socket: string;
  /** For others to take; once. */
  release(): void;
}

/** flock(2) on the file that has this name, which the one who had it may just have removed. */
function lock(native: Native, path: string): number | undefined {
  for (;;) {
    const fd = openSync(path, 'a', 0o600);
    try {
      if (native.flock(fd, LOCK_EX) !== 0) {
        closeSync(fd);
        return undefined;
      }
      if (fstatSync(fd).ino === statSync(path, { throwIfNoEntry: false })?.ino) return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
}

function claim(native: Native, socket: string): Slot | undefined {
  const path = `${socket}${LOCK}`;
  const fd = lock(native, path);
  if (fd === undefined) return undefined;
  // Of one that was killed.
  rmSync(socket, { force: true });
  return {
    socket,
    release() {
      rmSync(socket, { force: true });
      rmSync(path, { force: true });
      closeSync(fd);
    },
  };
}

/** What killed ones of other keys have left. */
function sweep(native: Native): void {
  for (const name of readdirSync(DIRECTORY))
    if (name.endsWith(LOCK)) claim(native, `${DIRECTORY}/${name.slice(0, -LOCK.length)}`)?.release();
}

/** As the client demands it: what connects here, and what answers, is ours. */
function isPrivate(): boolean {
  const { uid, mode } = lstatSync(DIRECTORY);
  return uid === process.geteuid?.() && (mode & 0o170077) === 0o040000;
}

function firstFree(native: Native, key: string): Slot | undefined {
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
  if (!isPrivate()) return undefined;
  for (let slot = 0; slot < slots(availableParallelism()); slot++) {
    const claimed = claim(native, socketOf(key, slot));
    if (claimed !== undefined) return claimed;
  }
  return undefined;
}

export function hasFreeSlot(native: Native, key: string): boolean {
  const slot = firstFree(native, key);
  slot?.release();
  return slot !== undefined;
}

/** A slot that nobody of this key holds, or `undefined` when there is none. */
export function claimSlot(native: Native, key: string): Slot | undefined {
  const slot = firstFree(native, key);
  if (slot !== undefined) sweep(native);
  return slot;
}
