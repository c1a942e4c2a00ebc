/**
 * # The suites of the machine
 *
 * To add one, write a module with a {@link VmSuite} and name it here. It runs as root of a machine that is thrown away
 * afterwards: cgroup v2 at /sys/fs/cgroup, overlay, btrfs and XFS, no network, the work tree read-only in /repository,
 * memory-backed /dev/shm. Debian packages it needs are listed in `test/vm/image/build.sh`.
 */
import type { CaseResult } from '@strata/conformance';
import { cgroupV2 } from './cgroup-v2.ts';
import { cli } from './cli.ts';
import { layers } from './layers.ts';

export interface VmSuite {
  readonly name: string;
  /** Runs it, yielding each result as it comes. */
  cases(): AsyncIterable<CaseResult>;
}

export const suites: readonly VmSuite[] = [cgroupV2, cli, ...layers];
