import { statSync } from 'node:fs';
import type { BlockIoThrottle, Resources } from '@strata/core';
import type { Ulimit } from '@strata/engine';
import type { Flags } from '../parse/flag-reader.ts';
import { parseBytes } from '../parse/values.ts';
import { defined, splitPair } from './defined.ts';

type Fail = (problem: string) => Error;

const ULIMITS: readonly string[] = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

/** `nofile=1024:2048`; one number is both; -1 is unlimited. */
function parseUlimit(text: string, fail: Fail): Ulimit {
  const [name, limits] = splitPair(text);
  if (limits === undefined || !/^-?\d+(?::-?\d+)?$/.test(limits))
    throw fail(`invalid ulimit argument: ${text}`);
  if (!ULIMITS.includes(name)) throw fail(`invalid ulimit type: ${name}`);
  const [soft = 0, hard = soft] = limits.split(':').map(Number);
  if (hard !== -1 && (soft > hard || soft === -1))
    throw fail('ulimit soft limit must be less than or equal to hard limit');
  return { name, soft, hard };
}

/** Linux's new encoding of dev_t (glibc gnu_dev_major/minor). */
function deviceNumbers(rdev: number): { major: number; minor: number } {
  const device = BigInt(rdev);
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}

function parseThrottle(kind: BlockIoThrottle['kind'], text: string, fail: Fail): BlockIoThrottle {
  const colon = text.lastIndexOf(':');
  if (colon <= 0 || !text.startsWith('/dev/')) throw fail('expected device-path:rate');
  const path = text.slice(0, colon);
  const amount = text.slice(colon + 1);
  const rate = kind.endsWith('bps') ? parseBytes(amount) : /^\d+$/.test(amount) ? Number(amount) : undefined;
  if (rate === undefined) throw fail(`invalid rate for device: ${text}`);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isBlockDevice()) throw fail(`${path} is not a block device`);
  return { ...deviceNumbers(stat.rdev), kind, rate };
}

function throttles(flags: Flags): readonly BlockIoThrottle[] {
  const kinds: readonly BlockIoThrottle['kind'][] = ['read-bps', 'write-bps', 'read-iops', 'write-iops'];
  return kinds.flatMap((kind) => {
    const name = `device-${kind}`;
    return flags
      .list(name)
      .map((text) => parseThrottle(kind, text, (problem) => flags.invalid(name, text, problem)));
  });
}

/** The limits that `update` has as well. */
export function readResources(flags: Flags): Resources {
  const cpus = flags.number('cpus');
  if (cpus !== undefined && flags.number('cpu-quota') !== undefined) {
    throw flags.conflict('conflicting options: --cpus and --cpu-quota cannot both be set');
  }
  return defined({
    memory: flags.number('memory'),
    memoryReservation: flags.number('memory-reservation'),
    memorySwap: flags.number('memory-swap'),
    nanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    cpuShares: flags.number('cpu-shares'),
    cpuPeriod: flags.number('cpu-period'),
    cpuQuota: flags.number('cpu-quota'),
    cpusetCpus: flags.string('cpuset-cpus'),
    cpusetMems: flags.string('cpuset-mems'),
    pids: flags.number('pids-limit'),
    blockIoWeight: flags.number('blkio-weight'),
  });
}

/** The limits of create and run. */
export function readCreateResources(flags: Flags): Resources {
  const blockIoThrottles = throttles(flags);
  return {
    ...readResources(flags),
    ...defined({
      memorySwappiness: flags.number('memory-swappiness'),
      oomKillDisable: flags.bool('oom-kill-disable') || undefined,
      blockIoThrottles: blockIoThrottles.length > 0 ? blockIoThrottles : undefined,
    }),
  };
}

export function readUlimits(flags: Flags): readonly Ulimit[] {
  return flags
    .list('ulimit')
    .map((text) => parseUlimit(text, (problem) => flags.invalid('ulimit', text, problem)));
}

/** Below 1 MiB no program could even say that it is full. */
export const LEAST_DISK = 1024 ** 2;

export interface DiskOptions {
  /** 0: without a limit, whatever the configuration says. */
  readonly diskSize?: number;
  readonly diskBacking?: 'loop';
}

/** `--storage-opt size=10G[,backing=loop]`. */
export function readDisk(flags: Flags): DiskOptions {
  let disk: DiskOptions = {};
  for (const text of flags.list('storage-opt').flatMap((each) => each.split(','))) {
    const [name, value = ''] = splitPair(text);
    const problem = (sentence: string) => flags.invalid('storage-opt', text, sentence);
    if (name === 'size') {
      const diskSize = parseBytes(value);
      if (diskSize === undefined || (diskSize < LEAST_DISK && diskSize !== 0))
        throw problem('the size is a number of at least 1m, such as 500m or 10G, or 0 for no limit');
      disk = { ...disk, diskSize };
    } else if (name === 'backing') {
      if (value !== 'loop') throw problem('the only backing is loop');
      disk = { ...disk, diskBacking: value };
    } else throw problem(`unknown storage option "${name}"; the options are size and backing`);
  }
  return disk;
}
