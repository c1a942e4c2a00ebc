/**
 * # The suites of the machine
 *
 * To add one, write a module whose default export are its cases and name it here. It runs as root of a machine that is
 * thrown away afterwards: cgroup v2 at /sys/fs/cgroup, overlay, btrfs, XFS and ext4 with quotas, no network, the work
 * tree read-only in /repository, /dev/shm in memory. Debian packages it needs are listed in `test/vm/image/build.sh`.
 * Others run beside it, on two processors that are emulated: none may rely on time, or on being alone, but the first.
 */
import type { CaseResult } from '@strata/conformance';

/** Runs the cases, yielding each result as it comes. */
export type VmCases = () => AsyncIterable<CaseResult>;

/** In the order in which they begin, the longest first. */
export const suites: Readonly<Record<string, () => Promise<{ readonly default: VmCases }>>> = {
  'cgroup-v2': () => import('./cgroup-v2.ts'),
  cli: () => import('./cli.ts'),
  'quota-xfs': () => import('./quota-xfs.ts'),
  'quota-ext4': () => import('./quota-ext4.ts'),
  'layer-overlay-xfs': () => import('./layer-overlay-xfs.ts'),
  'layer-overlay-ext4': () => import('./layer-overlay-ext4.ts'),
  'layer-btrfs': () => import('./layer-btrfs.ts'),
};
