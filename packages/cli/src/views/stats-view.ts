import type { CgroupStats } from '@strata/core';
import type { ContainerUse } from '@strata/engine';
import { ellipsis } from '../format/ellipsis.ts';
import { formatTable, type TableRow, type TableView } from '../format/table.ts';
import { binarySize, humanSize } from '../format/units.ts';

export const statsView: TableView = {
  headers: {
    BlockIO: 'BLOCK I/O',
    CPUPerc: 'CPU %',
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    MemPerc: 'MEM %',
    MemUsage: 'MEM USAGE / LIMIT',
    Name: 'NAME',
    NetIO: 'NET I/O',
    PIDs: 'PIDS',
  },
  columns:
    '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
};

export interface StatsOptions {
  readonly noTrunc: boolean;
  /** Bytes of the machine: the limit of a container that has none. */
  readonly totalMemory: number;
}

/** Shortest name that is still told from others. */
const shortestName = 8;

/** Where the terminal is too narrow for it all, ids go first, then the ends of long names. */
export function fittingTable(rows: readonly TableRow[], columns: number): string[] {
  const table = (view: TableView, shown: readonly TableRow[]) =>
    formatTable(shown, view, { format: undefined, quiet: false });
  const widest = (lines: readonly string[]) => Math.max(0, ...lines.map((line) => [...line].length));
  const whole = table(statsView, rows);
  if (widest(whole) <= columns) return whole;
  const narrow = { ...statsView, columns: statsView.columns.replace('{{.ID}}\t', '') };
  const lines = table(narrow, rows);
  const over = widest(lines) - columns;
  if (over <= 0) return lines;
  const longest = widest(rows.map(({ Name }) => String(Name)));
  const length = Math.max(shortestName, longest - over);
  return table(
    narrow,
    rows.map((row) => ({ ...row, Name: ellipsis(String(row.Name), length) })),
  );
}

/** docker's row of two readings; before the second there is no rate. */
export function statsRow(
  use: ContainerUse,
  before: ContainerUse | undefined,
  { noTrunc, totalMemory }: StatsOptions,
): TableRow {
  const { id, name, cgroup, network } = use;
  const memory = cgroup === undefined ? 0 : Math.max(0, cgroup.memoryBytes - cgroup.memoryInactiveFileBytes);
  const limit = cgroup === undefined ? 0 : Math.min(cgroup.memoryLimitBytes ?? totalMemory, totalMemory);
  const pair = (first = 0, second = 0, size = (bytes: number) => humanSize(bytes)) =>
    `${size(first)} / ${size(second)}`;
  return {
    BlockIO: pair(cgroup?.blockReadBytes, cgroup?.blockWriteBytes),
    CPUPerc: `${cpuPercent(cgroup, before?.cgroup).toFixed(2)}%`,
    Container: noTrunc ? id : id.slice(0, 12),
    ID: noTrunc ? id : id.slice(0, 12),
    MemPerc: `${(limit === 0 ? 0 : (memory / limit) * 100).toFixed(2)}%`,
    MemUsage: pair(memory, limit, binarySize),
    Name: name,
    NetIO: pair(network?.receivedBytes, network?.sentBytes),
    PIDs: String(cgroup?.pids ?? 0),
  };
}

/** 100 is one CPU all the time, as in docker. */
function cpuPercent(now: CgroupStats | undefined, before: CgroupStats | undefined): number {
  if (now === undefined || before === undefined) return 0;
  const elapsed = (now.readAt.getTime() - before.readAt.getTime()) * 1e6;
  // A container started again counts from nothing.
  const used = now.cpuUsageNs - before.cpuUsageNs;
  return elapsed > 0 && used > 0 ? (used / elapsed) * 100 : 0;
}
