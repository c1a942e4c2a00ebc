/**
 * What SQLite needs of a full disk: 32 KiB to open a database nobody else has open (its wal-index, sqlite.org/walformat.html),
 * and the pages it writes, also to delete. `spare` is a file that is kept for it. It gets shorter by a piece, not all at
 * once and just before the piece is needed, because whoever filled the disk may be writing still and takes what it can.
 * The wal-index is mapped, and a page of it that finds no room is no error but a signal, which is for the addon (room.c).
 */
import { statfsSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DatabaseOptions, isStrataError } from '@strata/core';
import { native } from '../native.ts';
import { isFull, isIo } from './errors.ts';

const PIECE = 128 << 10;
const TRIES = 8;
/** With less a reader may not find room for the wal-index either. Loading the addon takes half as long as all else it does. */
const TIGHT = 16 << 20;

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

/** Before a database is opened: its mapped pages, too, may take pieces of `spare`. */
export function spareForPages(path: string, { spare, readOnly = false }: DatabaseOptions): void {
  if (spare !== undefined && (!readOnly || freeBeside(path) < TIGHT)) native().spare(spare);
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
