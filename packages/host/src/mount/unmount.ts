import { errnoOf, StrataError } from '@strata/core';
import { monotonic } from '../clock.ts';
import { kindOfErrno } from '../errors.ts';
import { native } from '../native.ts';
import { readMountInfo } from './mountinfo.ts';

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const BUSY_MS = 2_000;
const PAUSE_MS = 50;

/** True when the topmost mount at `target` went away; false when nothing is mounted there. */
async function unmountOnce(target: string, flags = 0): Promise<boolean> {
  try {
    await native().umount(target, UMOUNT_NOFOLLOW | flags);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EINVAL' || errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Out of the tree at once; whoever has it open keeps it. */
export async function detach(target: string): Promise<void> {
  await unmountOnce(target, MNT_DETACH);
}

/** Busy mounts are usually free a moment later (a process that is just ending); if not, detached lazily. */
async function unmountPatiently(target: string, deadline: number): Promise<void> {
  for (;;) {
    try {
      await unmountOnce(target);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY') throw error;
      if (monotonic() >= deadline) break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  await unmountOnce(target, MNT_DETACH);
}

/** Unmount all that is mounted at or below `target`, latest first: mount order puts the deeper and upper ones last. */
export async function unmountTree(target: string): Promise<void> {
  const deadline = monotonic() + BUSY_MS;
  // The usual case, before anything is read. What has mounts below it, or is in use, is busy.
  await unmountOnce(target).catch((error: unknown) => {
    if (errnoOf(error) !== 'EBUSY') throw unmountFailed(target, error);
  });
  for (let rounds = 0; rounds < 64; rounds++) {
    const mounts = readMountInfo(target);
    if (mounts.length === 0) return;
    for (const mount of mounts.reverse()) {
      try {
        await unmountPatiently(mount.target, deadline);
      } catch (cause) {
        throw unmountFailed(mount.target, cause);
      }
    }
  }
  throw new StrataError('unavailable', 'UNMOUNT_FAILED', `Something keeps mounting below ${target}`, {
    hint: 'Find the process that mounts there and end it',
  });
}

function unmountFailed(target: string, cause: unknown): StrataError {
  const message = `Unmounting ${target} failed: ${cause instanceof Error ? cause.message : cause}`;
  return new StrataError(kindOfErrno(cause), 'UNMOUNT_FAILED', message, { cause, context: { target } });
}
