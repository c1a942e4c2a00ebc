import { constants, mkdirSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errnoOf, type Files, StrataError, type Workers } from '@strata/core';
import { readMountInfo } from '../mount/mountinfo.ts';
import { native } from '../native.ts';
import { AT_FDCWD } from '../tree/flags.ts';
import { NativeTree } from '../tree/tree.ts';
import { BUILTIN_JOBS } from '../workers/builtin-jobs.ts';
import { cooperate } from './cooperate.ts';
import { filesystem } from './filesystem.ts';
import { reflink } from './reflink.ts';
import { usageSteps } from './usage.ts';
import { writeAtomic } from './write-atomic.ts';

async function syncfs(path: string): Promise<void> {
  const fd = native().open(AT_FDCWD, path, constants.O_RDONLY | constants.O_NONBLOCK, 0);
  try {
    await native().syncfs(fd);
  } finally {
    native().close(fd);
  }
}

function ioctl(path: string, request: number, argument: Uint8Array): void {
  const fd = native().open(AT_FDCWD, path, constants.O_RDONLY | constants.O_NONBLOCK, 0);
  try {
    native().ioctl(fd, request, argument);
  } finally {
    native().close(fd);
  }
}

function hasMounts(path: string, mounts: readonly { readonly target: string }[]): StrataError {
  return new StrataError(
    'failed-precondition',
    'TREE_HAS_MOUNTS',
    `${path} still has something mounted below it`,
    {
      hint: `Nothing was deleted. Unmount it first: umount ${mounts[0]?.target ?? path}`,
      context: { path, mounts: mounts.length },
    },
  );
}

/** mountinfo first: also a bind mount of the same filesystem must not be emptied. Each step checks again (EBUSY). */
async function removeTree(path: string): Promise<void> {
  const absolute = resolve(path);
  const name = Buffer.from(basename(absolute));
  const mounts = readMountInfo(absolute);
  if (mounts.length > 0) throw hasMounts(absolute, mounts);
  let parent: NativeTree;
  try {
    parent = new NativeTree(dirname(absolute));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const stat = parent.lstat(name);
    if (stat?.type === 'directory') await cooperate(parent.removeSteps(name));
    else if (stat !== undefined) parent.unlink(name);
  } finally {
    parent.close();
  }
}

export function createFiles(workers: Workers): Files {
  return {
    openTree: (path) => new NativeTree(resolve(path)),
    syncfs,
    ioctl,
    writeAtomic,
    reflink: async (source, target) => reflink(source, target),
    removeTree,
    usage: (path, signal) => cooperate(usageSteps(path), signal),
    filesystem,
    async copyTree(source, target, signal) {
      mkdirSync(target, { recursive: true });
      const input = { source: resolve(source), target: resolve(target) };
      await workers.run(BUILTIN_JOBS.copyTree, input, signal === undefined ? {} : { signal });
    },
  };
}
