import { constants, readSync } from 'node:fs';
import { errnoOf } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';
import { AT_EMPTY_PATH, AT_FDCWD } from './flags.ts';
import { mustStatAt } from './stat.ts';

/**
 * Open for reading without a new access time: looking at a tree must not change it, and on a snapshot every one costs a
 * copy of metadata. Only root and the owner may (open(2) O_NOATIME), in a user namespace not of every file.
 */
export function openQuietly(open: (flag: number) => number): number {
  try {
    return open(constants.O_NOATIME);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    return open(0);
  }
}

/**
 * Reopen an O_PATH descriptor for reading when it is a regular file. Nothing else is ever opened: a FIFO cannot
 * hang us, a device is not touched. Closes `fd` in any case.
 */
export function reopenRegular(fd: number, path: string): number {
  try {
    if (mustStatAt(fd, '', AT_EMPTY_PATH).type !== 'file')
      throw systemError('ENOTSUP', 'not a regular file', 'open', path);
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    return openQuietly((quiet) => native().open(AT_FDCWD, `/proc/self/fd/${fd}`, flags | quiet, 0));
  } finally {
    native().close(fd);
  }
}

/** A whole file; it may grow while it is read, but never past the limit. Closes `fd`. */
export function readAll(fd: number, maxBytes: number, path: string): Buffer {
  try {
    const { size } = mustStatAt(fd, '', AT_EMPTY_PATH);
    // One byte more than expected, to see the end, or that there is too much.
    let buffer = Buffer.allocUnsafe(Math.min(size, maxBytes) + 1);
    let length = 0;
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, length);
      length += read;
      if (length > maxBytes) throw systemError('EFBIG', `larger than ${maxBytes} bytes`, 'read', path);
      if (read === 0) return buffer.subarray(0, length);
      if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
    }
  } finally {
    native().close(fd);
  }
}
