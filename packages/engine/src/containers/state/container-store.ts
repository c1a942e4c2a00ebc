/** All SQL over `containers`. */
import type { Database, MonitoredProcess, ProcessId } from '@strata/core';
import { StrataError } from '@strata/core';
import type { ContainerStatus } from '../../api/containers.ts';
import { formatLease } from '../../state/lease.ts';
import { argumentsOf, type ContainerConfig } from '../container-config.ts';
import { type ContainerRecord, type ContainerRow, recordOf } from './container-record.ts';

export interface NewContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly storage: string;
  readonly network: string;
  readonly autoRemove: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly config: ContainerConfig;
}

/** Columns that change in a container's life. */
export interface ContainerChange {
  readonly status?: ContainerStatus;
  readonly name?: string;
  /** Layer driver. */
  readonly storage?: string;
  readonly process?: MonitoredProcess | null;
  readonly started?: Date;
  readonly finished?: Date;
  readonly exitCode?: number | null;
  readonly oomKilled?: boolean;
  readonly error?: string | null;
  readonly config?: ContainerConfig;
  readonly lease?: ProcessId | null;
  readonly restarts?: number;
  readonly shortRuns?: number;
  readonly stopped?: boolean;
}

export function insertContainer(database: Database, container: NewContainer, lease: ProcessId): void {
  const taken = database.get<{ id: string }>('SELECT id FROM containers WHERE name = ?', container.name);
  if (taken !== undefined) throw nameTaken(container.name, taken.id);
  database.run(
    `INSERT INTO containers (id, name, status, image, image_id, storage, network, auto_remove, command, labels,
       config, created, lease) VALUES (?, ?, 'creating', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    container.id,
    container.name,
    container.image,
    container.imageId,
    container.storage,
    container.network,
    container.autoRemove ? 1 : 0,
    JSON.stringify(argumentsOf(container.config)),
    JSON.stringify(container.labels),
    JSON.stringify(container.config),
    new Date().toISOString(),
    formatLease(lease),
  );
}

export function updateContainer(database: Database, id: string, change: ContainerChange): void {
  const columns: [string, string | number | null][] = [];
  const { status, name, process, started, finished, exitCode, oomKilled, error, config, lease } = change;
  if (status !== undefined) columns.push(['status', status]);
  if (name !== undefined) columns.push(['name', name]);
  if (change.storage !== undefined) columns.push(['storage', change.storage]);
  if (process !== undefined) columns.push(['process', process && JSON.stringify(process)]);
  if (started !== undefined) columns.push(['started', started.toISOString()]);
  if (finished !== undefined) columns.push(['finished', finished.toISOString()]);
  if (exitCode !== undefined) columns.push(['exit_code', exitCode]);
  if (oomKilled !== undefined) columns.push(['oom_killed', oomKilled ? 1 : 0]);
  if (error !== undefined) columns.push(['error', error]);
  if (config !== undefined) columns.push(['config', JSON.stringify(config)]);
  if (change.restarts !== undefined) columns.push(['restarts', change.restarts]);
  if (change.shortRuns !== undefined) columns.push(['short_runs', change.shortRuns]);
  if (change.stopped !== undefined) columns.push(['stopped', change.stopped ? 1 : 0]);
  if (lease !== undefined) columns.push(['lease', lease && formatLease(lease)]);
  const assignments = columns.map(([column]) => `${column} = ?`).join(', ');
  database.run(`UPDATE containers SET ${assignments} WHERE id = ?`, ...columns.map(([, value]) => value), id);
}

export function deleteContainer(database: Database, id: string): void {
  database.run('DELETE FROM containers WHERE id = ?', id);
}

export function containerById(database: Database, id: string): ContainerRecord | undefined {
  const row = database.get<ContainerRow>('SELECT * FROM containers WHERE id = ?', id);
  return row && recordOf(row);
}

export function allContainers(
  database: Database,
  where = '1',
  ...values: (string | number)[]
): ContainerRecord[] {
  return database.all<ContainerRow>(`SELECT * FROM containers WHERE ${where}`, ...values).map(recordOf);
}

/** By full id, name or unambiguous id prefix, in this order as Docker does. @throws not-found, invalid-argument */
export function findContainer(database: Database, reference: string): ContainerRecord {
  const name = reference.replace(/^\//, '');
  const exact = database.get<ContainerRow>(
    'SELECT * FROM containers WHERE id = ? OR name = ? ORDER BY id = ? DESC LIMIT 1',
    name,
    name,
    name,
  );
  if (exact !== undefined) return recordOf(exact);
  if (/^[0-9a-f]{1,64}$/.test(name)) {
    const [row, second] = database.all<ContainerRow>(
      'SELECT * FROM containers WHERE id >= ? AND id < ? LIMIT 2',
      name,
      `${name}g`,
    );
    if (second !== undefined)
      throw new StrataError(
        'invalid-argument',
        'CONTAINER_AMBIGUOUS',
        `Several containers begin with ${name}`,
        {
          hint: 'Give more digits of the id',
        },
      );
    if (row !== undefined) return recordOf(row);
  }
  throw new StrataError('not-found', 'CONTAINER_NOT_FOUND', `No such container: ${reference}`, {
    hint: 'strata ps -a lists the containers',
  });
}

export function nameTaken(name: string, id: string): StrataError {
  return new StrataError(
    'already-exists',
    'CONTAINER_NAME_TAKEN',
    `The container name "${name}" is in use by container ${id.slice(0, 12)}`,
    { hint: 'Remove or rename that container, or choose another name' },
  );
}
