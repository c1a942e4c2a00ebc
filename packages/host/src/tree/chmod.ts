import { chmodSync, constants } from 'node:fs';
import { errnoOf } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';
import { AT_EMPTY_PATH, O_PATH } from './flags.ts';
import { mustStatAt } from './stat.ts';

/** Mode of a name, never following it: fchmodat2(2), or before Linux 6.6 an O_PATH descriptor that is no link. */
export function chmodAt(dirfd: number, name: Uint8Array, mode: number): void {
  try {
    native().chmod(dirfd, name, mode);
    return;
  } catch (error) {
    if (errnoOf(error) !== 'ENOSYS') throw error;
  }
  const fd = native().open(dirfd, name, O_PATH | constants.O_NOFOLLOW, 0);
  try {
    if (mustStatAt(fd, '', AT_EMPTY_PATH).type === 'symlink')
      throw systemError('ENOTSUP', 'a symbolic link has no mode', 'chmod');
    chmodSync(`/proc/self/fd/${fd}`, mode);
  } finally {
    native().close(fd);
  }
}
