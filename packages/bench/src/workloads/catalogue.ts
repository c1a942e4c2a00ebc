import { StrataError } from '@strata/core';
import { copyUp } from './copy-up.ts';
import { prepare } from './prepare.ts';
import { readTree } from './read-tree.ts';
import { storm } from './storm.ts';
import type { Workload } from './workload.ts';
import { largeFileWrite, smallFiles } from './write-files.ts';

/** Every workload of layer drivers, in the order they run. */
export const layerWorkloads: readonly Workload[] = [
  prepare,
  readTree,
  smallFiles,
  largeFileWrite,
  copyUp,
  storm,
];

export interface WorkloadChoice {
  readonly workloads?: readonly string[];
  readonly command?: string;
}

/** @throws not-found `BENCH_WORKLOAD_UNKNOWN` */
export function chooseWorkloads({ workloads: names }: WorkloadChoice): readonly Workload[] {
  if (names === undefined) return layerWorkloads;
  return pick(layerWorkloads, names);
}

export function pick<W extends { readonly id: string }>(all: readonly W[], names: readonly string[]): W[] {
  for (const name of names) {
    if (all.some(({ id }) => id === name)) continue;
    throw new StrataError(
      'not-found',
      'BENCH_WORKLOAD_UNKNOWN',
      `There is no workload ${JSON.stringify(name)}`,
      {
        hint: `The workloads are ${all.map(({ id }) => id).join(', ')}`,
      },
    );
  }
  return all.filter(({ id }) => names.includes(id));
}
