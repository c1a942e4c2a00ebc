/**
 * SQLite needs some room even to delete. So a file of 4 MiB waits under the root. Databases take pieces of it when the
 * disk is full (`DatabaseOptions.spare`); commands that free space give up more of it first, for all else they do, and
 * make it again when they are done.
 */

import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type Files, isStrataError, StrataError } from '@strata/core';
import type { StorePaths } from './paths.ts';

const RESERVE_BYTES = 4 << 20;
/** Not all at once: whoever filled the disk may take it before us, and the next command needs some, too. */
const SHARE_BYTES = 1 << 20;
/** Databases take so much at a time. */
const PIECE_BYTES = 128 << 10;
const SQLITE_FULL = 13;
/** BTRFS_SUPER_MAGIC of linux/magic.h. */
const BTRFS = 0x9123683e;

/** Make the reserve if it is missing and the disk has room to spare; never an error. */
export function ensureReserve(paths: Pick<StorePaths, 'reserve' | 'root'>): void {
  if (statSync(paths.reserve, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return;
  try {
    if (freeBytes(paths.root) < 4 * RESERVE_BYTES) return;
    const file = openSync(paths.reserve, 'w', 0o600);
    try {
      writePieces(file, statfsSync(paths.root).type === BTRFS);
    } finally {
      closeSync(file);
    }
  } catch {
    rmSync(paths.reserve, { force: true });
  }
}

/** `apart`: btrfs frees an extent once nothing of it is left, so every piece has to be one, written before its neighbours. */
function writePieces(file: number, apart: boolean): void {
  // Random, for filesystems that store zeros as nothing.
  const bytes = randomFillSync(Buffer.allocUnsafe(RESERVE_BYTES));
  for (const first of [0, PIECE_BYTES]) {
    for (let at = first; at < RESERVE_BYTES; at += 2 * PIECE_BYTES)
      writeSync(file, bytes, at, PIECE_BYTES, at);
    if (apart) fdatasyncSync(file);
  }
}

/** Run something that frees space, with a share of the reserve given up when there is none. */
export async function withReserve<T>(
  paths: Pick<StorePaths, 'reserve' | 'root'>,
  body: () => Promise<T>,
): Promise<T> {
  if (freeBytes(paths.root) < SHARE_BYTES) giveUpShare(paths.reserve);
  try {
    return await body();
  } finally {
    ensureReserve(paths);
  }
}

/** The last share is for databases. */
function giveUpShare(reserve: string): void {
  const size = statSync(reserve, { throwIfNoEntry: false })?.size ?? 0;
  if (size >= 2 * SHARE_BYTES) truncateSync(reserve, size - SHARE_BYTES);
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** A full disk, however it shows, as one sentence that names the filesystem; any other error as it is. */
export async function explainFullDisk(
  error: unknown,
  { root }: Pick<StorePaths, 'root'>,
  files: Pick<Files, 'filesystem'>,
): Promise<unknown> {
  if (!isFullDisk(error)) return error;
  const path = fullest([root, ...pools(root)]);
  const filesystem = await files.filesystem(path).then(
    ({ type }) => type,
    () => 'unknown',
  );
  const migrating = isStrataError(error, 'MIGRATE_NO_SPACE') ? error : undefined;
  return new StrataError(
    'resource-exhausted',
    migrating?.code ?? 'NO_SPACE',
    `No space left on the ${filesystem} filesystem that holds ${path}`,
    {
      hint: migrating?.hint ?? 'Free some with `strata rmi`, `strata rm` or `strata image prune`',
      cause: error,
    },
  );
}

/** Directories of drivers that are filesystems of their own. */
function pools(root: string): string[] {
  try {
    const { dev } = statSync(root);
    const layers = join(root, 'layers');
    return readdirSync(layers)
      .map((driver) => join(layers, driver))
      .filter((path) => statSync(path).dev !== dev);
  } catch {
    return [];
  }
}

function fullest(paths: readonly string[]): string {
  return paths.reduce((one, other) => (freeBytes(other) < freeBytes(one) ? other : one));
}

/** They say all there is to say. */
const SAID = new Set(['NO_SPACE', 'MIGRATE_SIZE_LIMIT']);

function isFullDisk(error: unknown): boolean {
  if (isStrataError(error) && SAID.has(error.code)) return false;
  if (isStrataError(error) && /NO_SPACE|DISK_FULL|STORE_FULL/.test(error.code)) return true;
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return true;
  for (let e = error; typeof e === 'object' && e !== null; e = (e as { cause?: unknown }).cause) {
    if ((e as { errcode?: unknown }).errcode === SQLITE_FULL) return true;
  }
  return false;
}
