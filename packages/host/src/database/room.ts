/**
 * What SQLite needs of a full disk: 32 KiB to open a database nobody else has open (its wal-index, sqlite.org/walformat.html),
 * and the pages it writes, also to delete. `spare` is a file that is kept for it. It gets shorter by a piece, not all at
 * once and just before the piece is needed, because whoever filled the disk may be writing still and takes what it can.
 */
import { statfsSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { isStrataError } from '@strata/core';
import { isFull, isIo } from './errors.ts';

const PIECE = 128 << 10;
const TRIES = 8;

/** What ext4 keeps for root and for itself does not count: how much of it is usable cannot be known. */
function freeBeside(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** SQLite says just `disk I/O error` where it cannot make its wal-index longer. */
export function foundNoRoom(error: unknown, path: string): boolean {
  return isFull(error) || isStrataError(error, 'STORE_FULL') || (isIo(error) && freeBeside(path) < PIECE);
}

/** False when there is nothing left to give up. */
function giveUpPiece(spare: string): boolean {
  try {
    const { size } = statSync(spare);
    if (size === 0) return false;
    truncateSync(spare, Math.max(0, size - PIECE));
    return true;
  } catch {
    return false;
  }
}

export function withRoom<T>(action: () => T, path: string, spare: string | undefined): T {
  for (let tries = 0; ; tries++) {
    try {
      return action();
    } catch (error) {
      const again = spare !== undefined && tries < TRIES && foundNoRoom(error, path);
      if (!again || !giveUpPiece(spare)) throw error;
    }
  }
}
