import { errnoOf } from '@strata/core';
import { native } from '../native.ts';
import { DirStack, isMountPoint } from '../tree/dir-stack.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, OPEN_DIRECTORY_PATH } from '../tree/flags.ts';
import { HERE } from '../tree/paths.ts';
import { mustStatAt, statAt } from '../tree/stat.ts';

const BLOCK = 512;

function tryEnter(stack: DirStack, name: Buffer): boolean {
  try {
    stack.enter(name);
    return true;
  } catch (error) {
    if (isMountPoint(error) || ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** Allocated bytes and inodes at and below a directory; what vanishes meanwhile is left out. */
export function* usageSteps(path: string): Generator<void, { bytes: number; inodes: number }> {
  const root = native().open(AT_FDCWD, path, OPEN_DIRECTORY_PATH, 0);
  const linked = new Set<bigint>();
  try {
    using stack = new DirStack(root);
    const start = mustStatAt(root, '', AT_EMPTY_PATH);
    let bytes = start.blocks * BLOCK;
    let inodes = 1;
    stack.enter(HERE);
    while (stack.depth > 0) {
      const entry = stack.entries.pop();
      if (entry === undefined) {
        stack.leave();
        continue;
      }
      const stat = statAt(stack.fd, entry.name, AT_SYMLINK_NOFOLLOW);
      yield;
      if (stat === undefined || (stat.type === 'directory' && !tryEnter(stack, entry.name))) continue;
      if (stat.type !== 'directory' && stat.nlink > 1) {
        if (linked.has(stat.inode)) continue;
        linked.add(stat.inode);
      }
      bytes += stat.blocks * BLOCK;
      inodes++;
    }
    return { bytes, inodes };
  } finally {
    native().close(root);
  }
}
