import { errnoOf } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';
import { DirStack, isMountPoint } from './dir-stack.ts';
import { AT_REMOVEDIR } from './flags.ts';

const isGone = (error: unknown): boolean => errnoOf(error) === 'ENOENT';
const isNoDirectory = (error: unknown): boolean => ['ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '');

/** @throws EBUSY at a mount point */
function enter(stack: DirStack, name: Buffer): void {
  try {
    stack.enter(name);
  } catch (error) {
    if (isGone(error)) return;
    if (isMountPoint(error))
      throw systemError('EBUSY', 'something is mounted here', 'remove', name.toString());
    if (!isNoDirectory(error)) throw error;
    // Replaced by a link or a file since it was listed: what is there now goes, not where it leads.
    native().unlink(stack.fd, name, 0);
  }
}

function removeEntry(stack: DirStack, name: Buffer): void {
  try {
    native().unlink(stack.fd, name, 0);
  } catch (error) {
    if (errnoOf(error) === 'EISDIR') enter(stack, name);
    else if (!isGone(error)) throw error;
  }
}

function leave(stack: DirStack): void {
  const name = stack.leave();
  try {
    native().unlink(stack.fd, name, AT_REMOVEDIR);
  } catch (error) {
    // Something was added while we deleted: once more.
    if (errnoOf(error) === 'ENOTEMPTY') enter(stack, name);
    else if (!isGone(error)) throw error;
  }
}

/** Delete the directory `name` in `dirfd` with all below it; pauses after every entry, for callers that must stay responsive. */
export function* removeDirectory(dirfd: number, name: Buffer): Generator<void, void> {
  using stack = new DirStack(dirfd);
  enter(stack, name);
  while (stack.depth > 0) {
    const entry = stack.entries.pop();
    if (entry === undefined) leave(stack);
    else if (entry.type === 'directory') enter(stack, entry.name);
    else removeEntry(stack, entry.name);
    yield;
  }
}
