import type { CgroupStats } from '@strata/core';
import type { CgroupDirectory } from './cgroup-directory.ts';

/** cgroup v1 spells "no limit" as the largest page-aligned number. */
const unlimitedFrom = 2 ** 62;

export function readStats(cgroup: CgroupDirectory): CgroupStats {
  const number = (text: string | undefined) => Number(text?.trim() || 0);
  const memory = keyed(cgroup.read('memory', 'memory.stat'));
  const limit = number(cgroup.read('memory', 'memory.limit_in_bytes'));
  const pidsMax = cgroup.read('pids', 'pids.max')?.trim();
  const io = blockIo(
    cgroup.read('blkio', 'blkio.throttle.io_service_bytes_recursive') ??
      cgroup.read('blkio', 'blkio.throttle.io_service_bytes') ??
      '',
  );
  return {
    readAt: new Date(),
    cpuUsageNs: number(cgroup.read('cpuacct', 'cpuacct.usage')),
    cpuThrottledNs: keyed(cgroup.read('cpu', 'cpu.stat')).get('throttled_time') ?? 0,
    memoryBytes: number(cgroup.read('memory', 'memory.usage_in_bytes')),
    memoryInactiveFileBytes: memory.get('total_inactive_file') ?? 0,
    memoryLimitBytes: limit >= unlimitedFrom ? undefined : limit,
    pids: number(cgroup.read('pids', 'pids.current')),
    pidsLimit: pidsMax === undefined || pidsMax === 'max' ? undefined : Number(pidsMax),
    blockReadBytes: io.read,
    blockWriteBytes: io.write,
    oomKills: keyed(cgroup.read('memory', 'memory.oom_control')).get('oom_kill') ?? 0,
  };
}

function keyed(text: string | undefined): Map<string, number> {
  const pairs = (text ?? '').split('\n').map((line) => line.split(' '));
  return new Map(pairs.map(([key, value]) => [key ?? '', Number(value ?? 0)]));
}

function blockIo(text: string): { read: number; write: number } {
  const sum = { read: 0, write: 0 };
  for (const line of text.split('\n')) {
    const [, operation, bytes] = line.split(' ');
    if (operation === 'Read') sum.read += Number(bytes);
    if (operation === 'Write') sum.write += Number(bytes);
  }
  return sum;
}
