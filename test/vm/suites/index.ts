/**
 * # The suites of the machine
 *
 * To add one, write a module whose default export are its cases and name it here. It runs as root of a machine that is
 * thrown away afterwards: cgroup v2 at /sys/fs/cgroup, overlay, btrfs and XFS, no network, the work tree read-only in
 * /repository, /dev/shm in memory. Debian packages it needs are listed in `test/vm/image/build.sh`.
 */
import type { CaseResult } from '@strata/conformance';

/** Runs the cases, yielding each result as it comes. */
export type VmCases = () => AsyncIterable<CaseResult>;

/** In the order in which they run; each is loaded when its turn comes. */
export const suites: Readonly<Record<string, () => Promise<{ readonly default: VmCases }>>> = {
  'cgroup-v2': () => import('./cgroup-v2.ts'),
  cli: () => import('./cli.ts'),
  'layer-overlay-xfs': () => import('./layer-overlay-xfs.ts'),
  'layer-btrfs-btrfs': () => import('./layer-btrfs-btrfs.ts'),
};
