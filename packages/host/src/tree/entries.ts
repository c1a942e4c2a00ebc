import type { FileType, TreeEntry } from '@strata/core';
import { native } from '../native.ts';
import { AT_SYMLINK_NOFOLLOW } from './flags.ts';
import { statAt } from './stat.ts';

const BUFFER_BYTES = 65_536;
/** d_type of getdents64(2); 0 is unknown, on filesystems that do not store it. */
const TYPES: Readonly<Record<number, FileType>> = {
  1: 'fifo',
  2: 'char',
  4: 'directory',
  6: 'block',
  8: 'file',
  10: 'symlink',
  12: 'socket',
};
const DOT = 0x2e;

const shared = Buffer.allocUnsafeSlow(BUFFER_BYTES);

function isDots(name: Buffer): boolean {
  return name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT));
}

/** Entries of an open directory, from its current position, without `.` and `..`. */
export function readEntries(fd: number): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (;;) {
    const length = native().getdents(fd, shared);
    if (length === 0) return entries;
    // The names are views of a copy of just this length.
    const buffer = Buffer.from(shared.subarray(0, length));
    for (let at = 0; at < length; ) {
      const size = buffer.readUInt16LE(at + 16);
      const kind = buffer[at + 18]!;
      const name = buffer.subarray(at + 19, buffer.indexOf(0, at + 19));
      at += size;
      if (isDots(name)) continue;
      const type = TYPES[kind] ?? statAt(fd, name, AT_SYMLINK_NOFOLLOW)?.type;
      if (type !== undefined) entries.push({ name, type });
    }
  }
}
