import type { CgroupStats } from '@strata/core';
import type { CgroupDirectory } from './cgroup-directory.ts';

export function readStats(cgroup: CgroupDirectory): CgroupStats {
  const microseconds = (key: string) => (cgroup.value('cpu.stat', key) ?? 0) * 1000;
  const io = blockIo(cgroup.read('io.stat') ?? '');
  return {
    readAt: new Date(),
    cpuUsageNs: microseconds('usage_usec'),
    cpuThrottledNs: microseconds('throttled_usec'),
    memoryBytes: Number(cgroup.read('memory.current') ?? 0),
    memoryInactiveFileBytes: cgroup.value('memory.stat', 'inactive_file') ?? 0,
    memoryLimitBytes: limit(cgroup.read('memory.max')),
    pids: Number(cgroup.read('pids.current') ?? 0),
    pidsLimit: limit(cgroup.read('pids.max')),
    blockReadBytes: io.read,
    blockWriteBytes: io.write,
    oomKills: oomKills(cgroup),
  };
}

/** Of it and of every cgroup below. */
export function oomKills(cgroup: CgroupDirectory): number {
  return cgroup.value('memory.events', 'oom_kill') ?? 0;
}

function limit(text: string | undefined): number | undefined {
  const value = text?.trim();
  return value === undefined || value === 'max' ? undefined : Number(value);
}

/** `8:0 rbytes=90 wbytes=0 rios=1 …` per device. */
function blockIo(text: string): { read: number; write: number } {
  const sum = { read: 0, write: 0 };
  for (const [, key, bytes] of text.matchAll(/ ([rw])bytes=(\d+)/g))
    sum[key === 'r' ? 'read' : 'write'] += Number(bytes);
  return sum;
}
