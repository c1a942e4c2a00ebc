import type { MonitoredProcess, SqlRow } from '@strata/core';
import type { ContainerStatus } from '../../api/containers.ts';
import type { ContainerConfig } from '../container-config.ts';

/** A row of `containers`, typed. */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly status: ContainerStatus;
  readonly image: string;
  readonly imageId: string;
  readonly storage: string;
  readonly network: string;
  readonly autoRemove: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly config: ContainerConfig;
  readonly process: MonitoredProcess | undefined;
  readonly created: Date;
  readonly started: Date | undefined;
  readonly finished: Date | undefined;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
  readonly error: string | undefined;
  /** Of the process that made or started it. Without meaning once the process of the container has begun. */
  readonly lease: string | null;
  /** By its restart policy, since a person started it. */
  readonly restarts: number;
  /** Of those restarts the last ones, each after a run that did not last. */
  readonly shortRuns: number;
  /** By a person. */
  readonly stopped: boolean;
}

export type ContainerRow = SqlRow & {
  id: string;
  name: string;
  status: string;
  image: string;
  image_id: string;
  storage: string;
  network: string;
  auto_remove: number;
  command: string;
  labels: string;
  config: string;
  process: string | null;
  created: string;
  started: string | null;
  finished: string | null;
  exit_code: number | null;
  oom_killed: number;
  error: string | null;
  lease: string | null;
  restarts: number;
  stopped: number;
  short_runs: number;
};

export function recordOf(row: ContainerRow): ContainerRecord {
  return {
    id: row.id,
    name: row.name,
    status: row.status as ContainerStatus,
    image: row.image,
    imageId: row.image_id,
    storage: row.storage,
    network: row.network,
    autoRemove: row.auto_remove === 1,
    labels: JSON.parse(row.labels) as Record<string, string>,
    config: JSON.parse(row.config) as ContainerConfig,
    process: row.process === null ? undefined : (JSON.parse(row.process) as MonitoredProcess),
    created: new Date(row.created),
    started: row.started === null ? undefined : new Date(row.started),
    finished: row.finished === null ? undefined : new Date(row.finished),
    exitCode: row.exit_code ?? undefined,
    oomKilled: row.oom_killed === 1,
    error: row.error ?? undefined,
    lease: row.lease,
    restarts: row.restarts,
    shortRuns: row.short_runs,
    stopped: row.stopped === 1,
  };
}

export function isActive(record: Pick<ContainerRecord, 'status'>): boolean {
  return record.status === 'running' || record.status === 'paused';
}
