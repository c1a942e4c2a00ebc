/** `strata ps`: one read of the store, /proc for those that run. No drivers, nothing else is loaded. */
import { readFileSync } from 'node:fs';
import type { Database, Databases, MonitoredProcess, ProcessId, SqlRow } from '@strata/core';
import { isStrataError } from '@strata/core';
import type {
  BindRequest,
  ContainerFilter,
  ContainerStatus,
  ContainerSummary,
  HealthStatus,
} from '../api/containers.ts';
import { type NetworkSummaries, networkSummaries } from '../networks/summaries.ts';
import { isLeaseAlive } from '../state/lease.ts';
import { databasePath } from '../state/paths.ts';
import { migrations } from '../state/schema.ts';
import { filterClauses } from './container-filter.ts';
import { shownStatus } from './health/shown-status.ts';

/**
 * Everything `ps` shows; without the process of what does not run, and without `config`, which is most of a row: its mounts
 * are only parsed where there are some. Inside a string its quotes would be escaped, so the text is found nowhere else.
 */
const columns = `id, name, status, image, image_id, storage, network, command, labels,
  CASE WHEN status IN ('running', 'paused') THEN process END AS process, created, started, finished, exit_code, oom_killed,
  CASE WHEN status IN ('running', 'paused') THEN json_extract(config, '$.exposedPorts') END AS exposed,
  CASE WHEN instr(config, '"mounts":[]') = 0 THEN json_extract(config, '$.mounts') END AS mounts,
  (SELECT status || ' ' || coalesce(lease, '') FROM health WHERE container = id) AS health`;

type SummaryRow = SqlRow & {
  id: string;
  name: string;
  status: string;
  image: string;
  image_id: string;
  storage: string;
  network: string;
  command: string;
  labels: string;
  process: string | null;
  created: string;
  started: string | null;
  finished: string | null;
  exit_code: number | null;
  oom_killed: number;
  exposed: string | null;
  /** JSON, of those with any. */
  mounts: string | null;
  /** Status and lease. */
  health: string | null;
};

/** Newest first; none when there is no store yet. Opens and closes the database. */
export function listContainers(
  databases: Databases,
  root: string,
  filter: ContainerFilter = {},
): ContainerSummary[] {
  return query(databases, root, (database) => summaries(database, filter));
}

/** Of all containers, in the same order. */
export function listContainerIds(databases: Databases, root: string): Pick<ContainerSummary, 'id'>[] {
  const ids = 'SELECT id FROM containers ORDER BY created DESC, id';
  return query(databases, root, (database) => database.all<{ id: string }>(ids));
}

function query<T>(databases: Databases, root: string, read: (database: Database) => T[]): T[] {
  try {
    const database = databases.open(databasePath(root), { migrations, readOnly: true });
    try {
      return read(database);
    } finally {
      database.close();
    }
  } catch (error) {
    if (isStrataError(error, 'STORE_NOT_FOUND')) return [];
    throw error;
  }
}

export function summaries(database: Database, filter: ContainerFilter): ContainerSummary[] {
  const { where, values, matches } = filterClauses(database, filter);
  const limit = filter.last === undefined ? '' : ` LIMIT ${Math.max(0, Math.trunc(filter.last))}`;
  const rows = database.all<SummaryRow>(
    `SELECT ${columns} FROM containers WHERE ${where} ORDER BY created DESC, id${limit}`,
    ...values,
  );
  const networks = networkSummaries(database);
  return rows
    .filter((row) => usesVolume(row, filter.volumes))
    .map((row) => summaryOf(row, networks))
    .filter(matches);
}

function summaryOf(row: SummaryRow, networks: NetworkSummaries): ContainerSummary {
  const active = row.status === 'running' || row.status === 'paused';
  const process = active && row.process !== null ? (JSON.parse(row.process) as MonitoredProcess) : undefined;
  const ended = active && (process === undefined || !isAlive(process.process));
  const exit = ended ? exitOf(process) : undefined;
  return {
    id: row.id,
    name: row.name,
    image: row.image,
    imageId: row.image_id,
    command: JSON.parse(row.command) as string[],
    created: new Date(row.created),
    // Nobody has recorded the end yet; what is shown is true all the same.
    status: ended ? 'exited' : (row.status as ContainerStatus),
    startedAt: row.started === null ? undefined : new Date(row.started),
    finishedAt: ended ? new Date() : row.finished === null ? undefined : new Date(row.finished),
    exitCode: ended ? exit : (row.exit_code ?? undefined),
    oomKilled: row.oom_killed === 1,
    ...(row.health === null ? undefined : healthOf(row.health, active && !ended)),
    pid: ended ? undefined : process?.process.pid,
    labels: row.labels === '{}' ? {} : (JSON.parse(row.labels) as Record<string, string>),
    storage: row.storage,
    network: row.network,
    networks: networks.names.get(row.id) ?? [row.network],
    ports: ended ? [] : (networks.ports.get(row.id) ?? []),
    mounts: row.mounts === null ? [] : mountsOf(row).flatMap(({ source }) => source ?? []),
    exposedPorts: ended || row.exposed === null ? [] : (JSON.parse(row.exposed) as string[]),
  };
}

/** docker: by name, by host path, or by place in the container. */
function usesVolume(row: SummaryRow, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined || wanted.length === 0) return true;
  return mountsOf(row).some(({ source, target }) =>
    wanted.some((text) => text === source || text === target),
  );
}

function mountsOf({ mounts }: SummaryRow): readonly BindRequest[] {
  return mounts === null ? [] : (JSON.parse(mounts) as BindRequest[]);
}

function healthOf(health: string, active: boolean): Pick<ContainerSummary, 'health' | 'unattended'> {
  const [status, lease = ''] = health.split(' ');
  const stored = { status: status as HealthStatus, lease: lease || null };
  const processes = { alive: isAlive };
  return {
    health: shownStatus(stored, { active, processes }),
    unattended: active && stored.lease !== null && !isLeaseAlive(processes, stored.lease),
  };
}

/** 255 when the monitor left no exit file. */
function exitOf(process: MonitoredProcess | undefined): number {
  if (process === undefined) return 255;
  try {
    return Number(readFileSync(process.exitFile, 'utf8').trim()) & 255;
  } catch {
    return 255;
  }
}

let bootId: string | undefined;

/** As `Processes.alive` of the host package, which is not loaded here. */
function isAlive(process: ProcessId): boolean {
  try {
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    if (bootId !== process.bootId) return false;
    // proc(5) stat: after the name in parentheses come state (field 3) and, as field 22, the start time.
    const stat = readFileSync(`/proc/${process.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]) === process.startTime && fields[0] !== 'Z' && fields[0] !== 'X';
  } catch {
    return false;
  }
}
