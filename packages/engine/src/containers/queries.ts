/** `strata ps`: one read of the store, /proc for those that run. No drivers, nothing else is loaded. */
import { readFileSync } from 'node:fs';
import type { Database, Databases, MonitoredProcess, ProcessId } from '@strata/core';
import type {
  BindRequest,
  ContainerFilter,
  ContainerStatus,
  ContainerSummary,
  HealthStatus,
} from '../api/containers.ts';
import { type NetworkSummaries, networkSummaries } from '../networks/summaries.ts';
import { isLeaseAlive } from '../state/lease.ts';
import { readStore } from '../state/read-store.ts';
import { filterClauses } from './container-filter.ts';
import { statFields } from './health/process-stat.ts';
import { shownStatus } from './health/shown-status.ts';

/**
 * Everything `ps` shows; without the process of what does not run, and without `config`, which is most of a row: its mounts
 * are only parsed where there are some. Inside a string its quotes would be escaped, so the text is found nowhere else.
 */
const columns = `id, name, status, image, image_id, storage, network, command, labels,
  CASE WHEN status IN ('running', 'paused') THEN process END, created, started, finished, exit_code, oom_killed,
  CASE WHEN status IN ('running', 'paused') THEN json_extract(config, '$.exposedPorts') END,
  (SELECT status || ' ' || coalesce(lease, '') FROM health WHERE container = id)`;

const mountsColumn = `CASE WHEN instr(config, '"mounts":[]') = 0 THEN json_extract(config, '$.mounts') END`;

type SummaryRow = readonly [
  id: string,
  name: string,
  status: string,
  image: string,
  imageId: string,
  storage: string,
  network: string,
  command: string,
  labels: string,
  process: string | null,
  created: string,
  started: string | null,
  finished: string | null,
  exitCode: number | null,
  oomKilled: number,
  exposed: string | null,
  /** Status and lease. */
  health: string | null,
  /** JSON, of those with any. */
  mounts: string | null,
];

interface Shown {
  /** `false`: nobody looks at them, and they need not be read. */
  readonly mounts?: boolean;
}

/** Newest first; none when there is no store yet. Opens and closes the database. */
export function listContainers(
  databases: Databases,
  root: string,
  filter: ContainerFilter = {},
  shown: Shown = {},
): ContainerSummary[] {
  return readStore(databases, root, (database) => summaries(database, filter, shown));
}

/** Of all containers, in the same order. */
export function listContainerIds(databases: Databases, root: string): Pick<ContainerSummary, 'id'>[] {
  const ids = 'SELECT id FROM containers ORDER BY created DESC, id';
  return readStore(databases, root, (database) => database.all<{ id: string }>(ids));
}

export function summaries(
  database: Database,
  filter: ContainerFilter,
  { mounts = true }: Shown = {},
): ContainerSummary[] {
  const { where, values, matches } = filterClauses(database, filter);
  const { volumes = [], last } = filter;
  // The last of those that match: only what SQL alone decides is cut there.
  const whole = matches === undefined && volumes.length === 0;
  const most = last === undefined ? undefined : Math.max(0, Math.trunc(last));
  const limit = most === undefined || !whole ? '' : ` LIMIT ${most}`;
  const all = `${columns}, ${mounts || volumes.length > 0 ? mountsColumn : 'NULL'}`;
  const rows = database.tuples<SummaryRow>(
    `SELECT ${all} FROM containers WHERE ${where} ORDER BY created DESC, id${limit}`,
    ...values,
  );
  const networks = networkSummaries(database);
  const wanted = volumes.length === 0 ? rows : rows.filter((row) => usesVolume(row, volumes));
  const found = wanted.map((row) => summaryOf(row, networks));
  return (matches === undefined ? found : found.filter(matches)).slice(0, most);
}

function summaryOf(row: SummaryRow, networks: NetworkSummaries): ContainerSummary {
  const [
    id,
    name,
    status,
    image,
    imageId,
    storage,
    network,
    command,
    labels,
    monitored,
    created,
    started,
    finished,
    exitCode,
    oomKilled,
    exposed,
    health,
  ] = row;
  const active = status === 'running' || status === 'paused';
  const process = active && monitored !== null ? (JSON.parse(monitored) as MonitoredProcess) : undefined;
  const ended = active && (process === undefined || !isAlive(process.process));
  const exit = ended ? exitOf(process) : undefined;
  const runs = active && !ended;
  const summary = {
    id,
    name,
    image,
    imageId,
    command: JSON.parse(command) as string[],
    created: new Date(created),
    // Nobody has recorded the end yet; what is shown is true all the same.
    status: ended ? 'exited' : (status as ContainerStatus),
    startedAt: started === null ? undefined : new Date(started),
    finishedAt: ended ? new Date() : finished === null ? undefined : new Date(finished),
    exitCode: ended ? exit : (exitCode ?? undefined),
    oomKilled: oomKilled === 1,
    pid: ended ? undefined : process?.process.pid,
    labels: labels === '{}' ? {} : (JSON.parse(labels) as Record<string, string>),
    storage,
    network,
    networks: networks.names.get(id) ?? [network],
    ports: ended ? [] : (networks.ports.get(id) ?? []),
    mounts: mountsOf(row).flatMap(({ source }) => source ?? []),
    exposedPorts: ended || exposed === null ? [] : (JSON.parse(exposed) as string[]),
    // A container is lost with its monitor; the next who changes anything ends it.
    unattended: runs && process !== undefined && !isAlive(process.monitor),
  };
  // Spread into the literal above it would make every summary a slow object, with health or not.
  return health === null ? summary : { ...summary, ...healthOf(health, runs, summary.unattended) };
}

/** docker: by name, by host path, or by place in the container. */
function usesVolume(row: SummaryRow, wanted: readonly string[]): boolean {
  return mountsOf(row).some(({ source, target }) =>
    wanted.some((text) => text === source || text === target),
  );
}

const NO_MOUNTS: readonly BindRequest[] = [];

function mountsOf(row: SummaryRow): readonly BindRequest[] {
  const mounts = row[17];
  return mounts === null ? NO_MOUNTS : (JSON.parse(mounts) as BindRequest[]);
}

function healthOf(
  health: string,
  active: boolean,
  unattended: boolean,
): Pick<ContainerSummary, 'health' | 'unattended'> {
  const [status, lease = ''] = health.split(' ');
  const stored = { status: status as HealthStatus, lease: lease || null };
  const processes = { alive: isAlive };
  return {
    health: shownStatus(stored, { active, processes }),
    unattended: unattended || (active && stored.lease !== null && !isLeaseAlive(processes, stored.lease)),
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
    // proc(5): state (field 3) and, as field 22, the start time.
    const fields = statFields(`/proc/${process.pid}`) ?? [];
    return Number(fields[19]) === process.startTime && fields[0] !== 'Z' && fields[0] !== 'X';
  } catch {
    return false;
  }
}
