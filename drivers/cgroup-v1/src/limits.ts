/** Limits as writes to cgroup v1 files (Linux Documentation/admin-guide/cgroup-v1). */
import { availableParallelism } from 'node:os';
import {
  checkCpus,
  limitInvalid,
  limitUnsupported,
  pidsMaximum,
  type Resources,
  wholeLimit,
} from '@strata/core';
import { type Controller, type Hierarchies, hasFile } from './hierarchies.ts';

export interface Write {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
  /** What the user asked for, for the message when the kernel refuses. */
  readonly option: string;
}

const throttleFiles = {
  'read-bps': 'blkio.throttle.read_bps_device',
  'write-bps': 'blkio.throttle.write_bps_device',
  'read-iops': 'blkio.throttle.read_iops_device',
  'write-iops': 'blkio.throttle.write_iops_device',
} as const;

/** In the order in which a fresh cgroup takes them. @throws invalid-argument, unsupported */
export function limitWrites(resources: Resources, hierarchies: Hierarchies): Write[] {
  const writes = [
    ...memoryWrites(resources, hierarchies),
    ...cpuWrites(resources),
    ...blockIoWrites(resources, hierarchies),
  ];
  if (resources.pids !== undefined) {
    const max = pidsMaximum(resources.pids);
    writes.push({ controller: 'pids', file: 'pids.max', value: max, option: 'pids-limit' });
  }
  for (const write of writes) {
    if (hasFile(hierarchies, write.controller, write.file)) continue;
    throw limitUnsupported(write.option, `this kernel has no ${write.file}`);
  }
  return writes;
}

function memoryWrites(resources: Resources, hierarchies: Hierarchies): Write[] {
  const { memory, memorySwap, memoryReservation, memorySwappiness, oomKillDisable } = resources;
  const writes: Write[] = [];
  const add = (file: string, value: number | string, option: string) =>
    writes.push({ controller: 'memory', file, value: String(value), option });
  if (memory !== undefined) {
    const smallest = 6 * 1024 * 1024;
    add('memory.limit_in_bytes', memory > 0 ? wholeLimit('memory', memory, smallest) : -1, 'memory');
  }
  if (memorySwap !== undefined && memorySwap !== 0) {
    if (memorySwap > 0 && memory === undefined)
      throw limitInvalid('memory-swap', 'needs a memory limit as well, for it counts memory plus swap');
    if (memorySwap > 0 && memorySwap < (memory ?? 0))
      throw limitInvalid('memory-swap', 'is memory plus swap, so it cannot be smaller than memory');
    add(
      'memory.memsw.limit_in_bytes',
      memorySwap < 0 ? -1 : wholeLimit('memory-swap', memorySwap, 1),
      'memory-swap',
    );
  } else if (
    memory !== undefined &&
    memory > 0 &&
    hasFile(hierarchies, 'memory', 'memory.memsw.limit_in_bytes')
  ) {
    // docker run: with -m alone a container may swap as much again.
    add('memory.memsw.limit_in_bytes', memory * 2, 'memory-swap');
  }
  if (memory !== undefined && memory > 0 && (memoryReservation ?? 0) > memory)
    throw limitInvalid('memory-reservation', 'cannot be larger than memory');
  if (memoryReservation !== undefined)
    add(
      'memory.soft_limit_in_bytes',
      wholeLimit('memory-reservation', memoryReservation, 0),
      'memory-reservation',
    );
  if (memorySwappiness !== undefined && memorySwappiness >= 0) {
    if (memorySwappiness > 100) throw limitInvalid('memory-swappiness', 'must be between 0 and 100');
    add('memory.swappiness', wholeLimit('memory-swappiness', memorySwappiness, 0), 'memory-swappiness');
  }
  if (oomKillDisable === true) add('memory.oom_control', 1, 'oom-kill-disable');
  return writes;
}

function cpuWrites(resources: Resources): Write[] {
  const { nanoCpus, cpuPeriod, cpuQuota, cpuShares, cpusetCpus, cpusetMems } = resources;
  const writes: Write[] = [];
  const add = (controller: Controller, file: string, value: number | string, option: string) =>
    writes.push({ controller, file, value: String(value), option });
  if (nanoCpus !== undefined && nanoCpus > 0) {
    if (cpuPeriod !== undefined || cpuQuota !== undefined)
      throw limitInvalid('cpus', 'cannot be combined with cpu-period or cpu-quota');
    checkCpus(nanoCpus, availableParallelism());
    add('cpu', 'cpu.cfs_period_us', 100_000, 'cpus');
    add('cpu', 'cpu.cfs_quota_us', Math.trunc(nanoCpus / 10_000), 'cpus');
  }
  if (cpuPeriod !== undefined) {
    if (cpuPeriod < 1000 || cpuPeriod > 1_000_000)
      throw limitInvalid('cpu-period', 'must be 1000 to 1000000 µs');
    add('cpu', 'cpu.cfs_period_us', wholeLimit('cpu-period', cpuPeriod, 1000), 'cpu-period');
  }
  if (cpuQuota !== undefined)
    add('cpu', 'cpu.cfs_quota_us', cpuQuota <= 0 ? -1 : wholeLimit('cpu-quota', cpuQuota, 1000), 'cpu-quota');
  if (cpuShares !== undefined && cpuShares > 0) {
    if (cpuShares < 2 || cpuShares > 262_144) throw limitInvalid('cpu-shares', 'must be 2 to 262144');
    add('cpu', 'cpu.shares', wholeLimit('cpu-shares', cpuShares, 2), 'cpu-shares');
  }
  if (cpusetCpus !== undefined && cpusetCpus !== '')
    add('cpuset', 'cpuset.cpus', list('cpuset-cpus', cpusetCpus), 'cpuset-cpus');
  if (cpusetMems !== undefined && cpusetMems !== '')
    add('cpuset', 'cpuset.mems', list('cpuset-mems', cpusetMems), 'cpuset-mems');
  return writes;
}

function blockIoWrites(resources: Resources, hierarchies: Hierarchies): Write[] {
  const writes: Write[] = [];
  const weight = resources.blockIoWeight;
  if (weight !== undefined && weight > 0) {
    if (weight < 10 || weight > 1000) throw limitInvalid('blkio-weight', 'must be 10 to 1000');
    const bfq = hasFile(hierarchies, 'blkio', 'blkio.bfq.weight');
    const file = bfq ? 'blkio.bfq.weight' : 'blkio.weight';
    // BFQ counts 1–1000 with 100 as the default, CFQ 10–1000 with 500: the range is what they share.
    writes.push({ controller: 'blkio', file, value: String(weight), option: 'blkio-weight' });
  }
  for (const { major, minor, kind, rate } of resources.blockIoThrottles ?? [])
    writes.push({
      controller: 'blkio',
      file: throttleFiles[kind],
      value: `${wholeLimit('device', major, 0)}:${wholeLimit('device', minor, 0)} ${wholeLimit('device rate', rate, 0)}`,
      option: `device-${kind}`,
    });
  return writes;
}

/** Linux list format, and small enough that nobody expands it for us (CVE-2018-20699). */
function list(option: string, text: string): string {
  const sound = /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(text) && text.length < 1024;
  if (!sound) throw limitInvalid(option, `must be a list such as 0-3,7, not ${JSON.stringify(text)}`);
  return text;
}
