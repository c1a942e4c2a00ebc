import { constants } from 'node:os';
import type { FileStat, FileType } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';

const S_IFMT = 0o170_000;
const TYPES: ReadonlyMap<number, FileType> = new Map([
  [0o100_000, 'file'],
  [0o040_000, 'directory'],
  [0o120_000, 'symlink'],
  [0o010_000, 'fifo'],
  [0o140_000, 'socket'],
  [0o020_000, 'char'],
  [0o060_000, 'block'],
]);
export const S_IF = { fifo: 0o010_000, char: 0o020_000, block: 0o060_000, socket: 0o140_000 } as const;

const ENOENT = 2;
const ENOTDIR = 20;

const memory = new ArrayBuffer(13 * 8);
const numbers = new Float64Array(memory, 0, 8);
const bigints = new BigInt64Array(memory, 64, 5);
const bytes = new Uint8Array(memory);

export function typeOfMode(mode: number): FileType {
  return TYPES.get(mode & S_IFMT) ?? 'file';
}

function fromMemory(): FileStat {
  const mode = numbers[0]!;
  return {
    type: typeOfMode(mode),
    mode: mode & 0o7777,
    uid: numbers[1]!,
    gid: numbers[2]!,
    size: numbers[3]!,
    nlink: numbers[4]!,
    inode: BigInt.asUintN(64, bigints[0]!),
    device: BigInt.asUintN(64, bigints[1]!),
    mtimeNs: bigints[2]!,
    ctimeNs: bigints[3]!,
    major: numbers[5]!,
    minor: numbers[6]!,
    blocks: numbers[7]!,
  };
}

/** Stat of a name in a directory, `undefined` when there is none (or when its parent is no directory). */
export function statAt(dirfd: number, name: Uint8Array | string, flags: number): FileStat | undefined {
  const error = native().stat(dirfd, name, flags, bytes);
  if (error === 0) return fromMemory();
  if (error === ENOENT || error === ENOTDIR) return undefined;
  throw systemErrorOf(error);
}

/** As {@link statAt}, for what must be there. */
export function mustStatAt(dirfd: number, name: Uint8Array | string, flags: number): FileStat {
  const stat = statAt(dirfd, name, flags);
  if (stat === undefined) throw systemError('ENOENT', 'no such file or directory', 'stat', String(name));
  return stat;
}

function systemErrorOf(errno: number): Error {
  const name = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0];
  return systemError(name ?? `E${errno}`, 'stat failed', 'stat');
}
