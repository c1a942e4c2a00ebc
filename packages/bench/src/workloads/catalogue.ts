import { StrataError } from '@strata/core';
import { changes } from './changes.ts';
import { clone } from './clone.ts';
import { parallel, start } from './containers.ts';
import { copyUp } from './copy-up.ts';
import { diskSpace } from './disk-space.ts';
import { fio } from './fio.ts';
import { ownCommand } from './own-command.ts';
import { pageCache } from './page-cache.ts';
import { prepare } from './prepare.ts';
import { readTree } from './read-tree.ts';
import { remove } from './remove.ts';
import { storm } from './storm.ts';
import { unpack } from './unpack.ts';
import type { Workload } from './workload.ts';
import { largeFileWrite, smallFiles } from './write-files.ts';

/** Every workload of layer drivers, in the order they run: what needs an engine stands together. */
export const layerWorkloads: readonly Workload[] = [
  unpack,
  start,
  parallel,
  changes,
  prepare,
  readTree,
  smallFiles,
  largeFileWrite,
  copyUp,
  storm,
  fio,
  remove,
  clone,
  diskSpace,
  pageCache,
];

export interface WorkloadChoice {
  readonly workloads?: readonly string[];
  readonly command?: string;
  readonly network?: string;
}

/** The named ones; all without names; just the user's own command when only that is given. @throws not-found `BENCH_WORKLOAD_UNKNOWN` */
export function chooseWorkloads({ workloads: names, command, network }: WorkloadChoice): readonly Workload[] {
  const own = command === undefined ? [] : [ownCommand(command, network)];
  if (names === undefined) return own.length > 0 ? own : layerWorkloads;
  return [...own, ...pick(layerWorkloads, names)];
}

/** In the catalogue's order. */
export function pick<W extends { readonly id: string }>(all: readonly W[], names: readonly string[]): W[] {
  for (const name of names) {
    if (all.some(({ id }) => id === name)) continue;
    throw new StrataError(
      'not-found',
      'BENCH_WORKLOAD_UNKNOWN',
      `There is no workload ${JSON.stringify(name)}`,
      { hint: `The workloads are ${all.map(({ id }) => id).join(', ')}` },
    );
  }
  return all.filter(({ id }) => names.includes(id));
}
