import { realpathSync, rmdirSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { type Exec, errnoOf, type Log, type Mount, type Mounter, StrataError } from '@strata/core';
import { kindOfErrno } from '../errors.ts';
import { native } from '../native.ts';
import { readMountInfo } from './mountinfo.ts';
import { type MountPlan, MS_BIND, MS_PRIVATE, MS_REC, MS_REMOUNT, planMount } from './options.ts';
import type { TemporaryPlaces } from './places.ts';
import { mountByProgram, type ProgramParts } from './program.ts';
import { unmountTree } from './unmount.ts';

const AT_RECURSIVE = 0x8000;

/** Where a mount of a description goes: at the target or below it, never beside it. */
function placeOf(mount: Mount, target: string): string {
  if (mount.target === undefined) return target;
  const inside = posix.normalize(posix.join('/', mount.target));
  return inside === '/' ? target : join(target, inside);
}

/** A relative base starts at the target, whatever has been mounted there by then. */
function baseOf({ base }: Mount, target: string): string | null {
  return base === undefined ? null : resolve(target, base);
}

/** mountinfo knows real paths only. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function mountFailure(mount: Mount, place: string, cause: unknown): unknown {
  if (cause instanceof StrataError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StrataError(
    kindOfErrno(cause),
    'MOUNT_FAILED',
    `Mounting ${mount.type} at ${place} failed: ${reason}`,
    {
      cause,
      context: { type: mount.type, source: mount.source, target: place },
    },
  );
}

/**
 * A bind takes no flags of its own; they are set on the new mount afterwards. mount_setattr(2) adds to what the
 * source already has (nosuid, nodev), where the old remount would silently clear it.
 */
async function setAttributes(place: string, plan: MountPlan): Promise<void> {
  try {
    native().mountSetattr(place, plan.recursive ? AT_RECURSIVE : 0, plan.attributes, 0, 0);
  } catch (error) {
    if (errnoOf(error) !== 'ENOSYS') throw error;
    await native().mount(null, place, null, MS_BIND | MS_REMOUNT | plan.flags, null, null);
  }
}

async function perform(mount: Mount, place: string, parts: ProgramParts) {
  const { base } = parts;
  const plan = planMount(mount);
  if (plan.program) {
    await mountByProgram(mount, place, parts);
  } else if (plan.bind) {
    await native().mount(mount.source, place, null, MS_BIND | (plan.recursive ? MS_REC : 0), null, base);
  } else {
    await native().mount(mount.source, place, mount.type, plan.flags, plan.data, base);
  }
  try {
    await native().mount(null, place, null, MS_PRIVATE | MS_REC, null, null);
    if (plan.bind && plan.attributes !== 0) await setAttributes(place, plan);
  } catch (error) {
    await unmountTree(place);
    throw error;
  }
}

export interface MounterOptions {
  readonly exec: Exec;
  readonly log: Log;
  readonly places: TemporaryPlaces;
}

/**
 * A mount is made private as soon as it is there. Where the mount it lies on is shared (systemd makes `/` so), the
 * kernel has by then copied it to that one's peers: mount_namespaces(7). Attaching a mount that was private before
 * (open_tree(2), move_mount(2)) copies just the same, and an unbindable one is refused. Such a copy gets nothing that is
 * mounted below ours later, and goes when ours goes. Below a private mount there are no copies.
 */
export function createMounter({ exec, log, places }: MounterOptions): Mounter {
  async function mountAll(mounts: readonly Mount[], target: string): Promise<void> {
    const done: string[] = [];
    const root = real(target);
    for (const mount of mounts) {
      const place = placeOf(mount, root);
      try {
        await perform(mount, place, { exec, places, base: baseOf(mount, root) });
        done.push(place);
      } catch (cause) {
        for (const undo of done.reverse())
          await unmountTree(undo).catch((error) =>
            log.warn('a mount could not be undone', { target: undo, error }),
          );
        throw mountFailure(mount, place, cause);
      }
    }
  }

  return {
    mount: mountAll,
    unmount: async (target) => unmountTree(real(target)),
    list: async (below) => readMountInfo(below === undefined ? undefined : real(below)),
    abandoned: async () => places.abandoned(),
    async withMounted(mounts, use) {
      const place = await places.make('m');
      try {
        await mountAll(mounts, place);
        return await use(place);
      } finally {
        await unmountTree(place);
        // rmdir only: whatever still lies there is not ours to delete.
        rmdirSync(place);
      }
    },
  };
}
