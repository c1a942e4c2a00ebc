import { constants, unlinkSync } from 'node:fs';
import { errnoOf } from '@strata/core';
import { native } from '../native.ts';
import { AT_EMPTY_PATH, AT_FDCWD } from '../tree/flags.ts';
import { mustStatAt } from '../tree/stat.ts';

/** _IOW(0x94, 9, int), ioctl_ficlone(2). */
const FICLONE = 0x40049409;
/** The filesystem, or this pair of files, cannot share blocks. */
const CANNOT = new Set(['ENOTSUP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS']);

/** Share all blocks of one open file with another; false where that is not possible. */
export function cloneInto(target: number, source: number): boolean {
  try {
    native().ioctl(target, FICLONE, source);
    return true;
  } catch (error) {
    if (CANNOT.has(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** A new file with the content and mode of `source`, or no file at all. */
export function reflink(source: string, target: string): boolean {
  const from = native().open(AT_FDCWD, source, constants.O_RDONLY, 0);
  try {
    const { mode } = mustStatAt(from, '', AT_EMPTY_PATH);
    const to = native().open(
      AT_FDCWD,
      target,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      mode & 0o777,
    );
    let cloned = false;
    try {
      cloned = cloneInto(to, from);
    } finally {
      native().close(to);
      if (!cloned) unlinkSync(target);
    }
    return cloned;
  } finally {
    native().close(from);
  }
}
