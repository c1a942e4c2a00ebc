/** Limits as writes to cgroup v2 files (Linux Documentation/admin-guide/cgroup-v2), given in the units of v1. */
import { availableParallelism } from 'node:os';
import {
  type BlockIoThrottle,
  checkCpus,
  limitInvalid,
  limitUnsupported,
  pidsMaximum,
  type Resources,
  wholeLimit,
} from '@strata/core';
import { assertWithin } from './cpuset.ts';
import type { Controller } from './hierarchy.ts';
import { cpuWeight, ioWeight } from './weights.ts';

export interface Write {
  readonly file: string;
  readonly value: string;
  /** What the user asked for, for the message when the kernel refuses. */
  readonly option: string;
}

/** What limits depend on: the cgroup they are for, which may not exist yet, and what the kernel offers. */
export interface LimitContext {
  readonly controllers: readonly Controller[];
  /** A file of the cgroup; `undefined` before it is made. */
  current(file: string): string | undefined;
  /** A file of the cgroup above it. */
  parent(file: string): string | undefined;
  /** Does a cgroup of this kernel have the file? */
  has(file: string): boolean;
}

/** In the order in which a cgroup takes them. @throws invalid-argument, unsupported */
export function limitWrites(resources: Resources, context: LimitContext): Write[] {
  const writes = [
    ...memoryWrites(resources, context),
    ...cpuWrites(resources, context),
    ...blockIoWrites(resources, context),
  ];
  const { pids } = resources;
  if (pids !== undefined) writes.push({ file: 'pids.max', value: pidsMaximum(pids), option: 'pids-limit' });
  for (const { file, option } of writes) {
    const controller = file.split('.')[0] as Controller;
    if (!context.controllers.includes(controller))
      throw limitUnsupported(option, `the ${controller} controller is not available`);
    if (!context.has(file)) throw limitUnsupported(option, `this kernel has no ${file}`);
  }
  return writes;
}

function memoryWrites(resources: Resources, context: LimitContext): Write[] {
  const { memory, memorySwap, memoryReservation, memorySwappiness, oomKillDisable } = resources;
  if (memorySwappiness !== undefined && memorySwappiness >= 0)
    throw limitUnsupported('memory-swappiness', 'cgroup v2 has none per cgroup');
  if (oomKillDisable === true)
    throw limitUnsupported('oom-kill-disable', 'cgroup v2 cannot stop the OOM killer');
  const writes: Write[] = [];
  const add = (file: string, value: string, option: string) => writes.push({ file, value, option });
  const smallest = 6 * 1024 * 1024;
  if (memory !== undefined)
    add('memory.max', memory > 0 ? whole('memory', memory, smallest) : 'max', 'memory');
  const swap = swapLimit(memory, memorySwap);
  // docker run: with -m alone a container may swap as much again, where the kernel can swap at all.
  if (swap !== undefined && (memorySwap !== undefined || context.has('memory.swap.max')))
    add('memory.swap.max', swap, 'memory-swap');
  if (memory !== undefined && memory > 0 && (memoryReservation ?? 0) > memory)
    throw limitInvalid('memory-reservation', 'cannot be larger than memory');
  if (memoryReservation !== undefined)
    add('memory.low', whole('memory-reservation', memoryReservation, 0), 'memory-reservation');
  return writes;
}

/** cgroup v2 counts swap by itself, Docker memory plus swap. */
function swapLimit(memory: number | undefined, memorySwap: number | undefined): string | undefined {
  if (memorySwap === undefined || memorySwap === 0)
    return memory === undefined ? undefined : memory > 0 ? String(memory) : 'max';
  if (memorySwap < 0) return 'max';
  if (memory === undefined || memory <= 0)
    throw limitInvalid('memory-swap', 'needs a memory limit as well, for it counts memory plus swap');
  if (memorySwap < memory)
    throw limitInvalid('memory-swap', 'is memory plus swap, so it cannot be smaller than memory');
  return whole('memory-swap', memorySwap - memory, 0);
}

function cpuWrites(resources: Resources, context: LimitContext): Write[] {
  const { cpuShares, cpusetCpus, cpusetMems } = resources;
  const writes = bandwidth(resources, context);
  if (cpuShares !== undefined && cpuShares > 0) {
    if (cpuShares < 2 || cpuShares > 262_144) throw limitInvalid('cpu-shares', 'must be 2 to 262144');
    whole('cpu-shares', cpuShares, 2);
    writes.push({ file: 'cpu.weight', value: String(cpuWeight(cpuShares)), option: 'cpu-shares' });
  }
  for (const [option, file, text] of [
    ['cpuset-cpus', 'cpuset.cpus', cpusetCpus],
    ['cpuset-mems', 'cpuset.mems', cpusetMems],
  ] as const) {
    if (text === undefined || text === '') continue;
    // The kernel takes CPUs that do not exist and then uses all of them.
    assertWithin(option, text, context.parent(`${file}.effective`));
    writes.push({ file, value: text, option });
  }
  return writes;
}

/** `cpu.max` holds quota and period together, so the one not named is read first. */
function bandwidth(resources: Resources, context: LimitContext): Write[] {
  const { nanoCpus, cpuPeriod, cpuQuota } = resources;
  if (nanoCpus !== undefined && nanoCpus > 0) {
    if (cpuPeriod !== undefined || cpuQuota !== undefined)
      throw limitInvalid('cpus', 'cannot be combined with cpu-period or cpu-quota');
    checkCpus(nanoCpus, availableParallelism());
    const quota = Math.trunc(nanoCpus / 10_000);
    return [{ file: 'cpu.max', value: `${quota} 100000`, option: 'cpus' }];
  }
  if (cpuPeriod === undefined && cpuQuota === undefined) return [];
  if (cpuPeriod !== undefined && (cpuPeriod < 1000 || cpuPeriod > 1_000_000))
    throw limitInvalid('cpu-period', 'must be 1000 to 1000000 µs');
  const [nowQuota = 'max', nowPeriod = '100000'] = context.current('cpu.max')?.trim().split(' ') ?? [];
  const asked =
    cpuQuota === undefined ? nowQuota : cpuQuota <= 0 ? 'max' : whole('cpu-quota', cpuQuota, 1000);
  const period = cpuPeriod === undefined ? nowPeriod : whole('cpu-period', cpuPeriod, 1000);
  const option = cpuQuota === undefined ? 'cpu-period' : 'cpu-quota';
  return [{ file: 'cpu.max', value: `${asked} ${period}`, option }];
}

const throttleKeys = {
  'read-bps': 'rbps',
  'write-bps': 'wbps',
  'read-iops': 'riops',
  'write-iops': 'wiops',
} as const satisfies Record<BlockIoThrottle['kind'], string>;

function blockIoWrites({ blockIoWeight, blockIoThrottles }: Resources, context: LimitContext): Write[] {
  const writes: Write[] = [];
  if (blockIoWeight !== undefined && blockIoWeight > 0) {
    if (blockIoWeight < 10 || blockIoWeight > 1000) throw limitInvalid('blkio-weight', 'must be 10 to 1000');
    const weight = whole('blkio-weight', blockIoWeight, 10);
    // With the BFQ scheduler only its own file counts, in the units of v1.
    const bfq = context.has('io.bfq.weight');
    const value = bfq ? weight : String(ioWeight(blockIoWeight));
    writes.push({ file: bfq ? 'io.bfq.weight' : 'io.weight', value, option: 'blkio-weight' });
  }
  for (const { major, minor, kind, rate } of blockIoThrottles ?? []) {
    const device = `${whole('device', major, 0)}:${whole('device', minor, 0)}`;
    // 0 is Docker's word for no limit.
    const limit = rate === 0 ? 'max' : whole('device rate', rate, 1);
    writes.push({
      file: 'io.max',
      value: `${device} ${throttleKeys[kind]}=${limit}`,
      option: `device-${kind}`,
    });
  }
  return writes;
}

function whole(option: string, value: number, minimum: number): string {
  return String(wholeLimit(option, value, minimum));
}
