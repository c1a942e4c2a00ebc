import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type DriverKind, storeTag } from '@strata/core';
import type { EnginePaths } from '../services.ts';

const LOCK_KINDS = ['blob', 'layer', 'container', 'image', 'name', 'pool', 'snapshotter'] as const;

/** What only the engine's own folders need beside {@link EnginePaths}. */
export interface StorePaths extends EnginePaths {
  /** Root of a driver: `layers/<id>`, `images/<id>`, `drivers/<kind>/<id>`; made on first use. */
  driver(kind: DriverKind, id: string): string;
  driverRun(kind: DriverKind, id: string): string;
  /** `<root>/pools/<driver>.img` */
  pool(driver: string): string;
  /** Space that SQLite gets back when the disk is full. */
  readonly reserve: string;
  /** `<run>/held/<tag of the store>`: mountpoints of `storage/held-mounts.ts`. */
  readonly held: string;
  /** Parent of all containers' directories. */
  readonly containers: string;
}

export function storePaths(rootOption: string, runOption: string): StorePaths {
  const root = resolve(rootOption);
  const run = resolve(runOption);
  const driver = (kind: DriverKind, id: string): string =>
    kind === 'layer'
      ? join(root, 'layers', id)
      : kind === 'image'
        ? join(root, 'images', id)
        : join(root, 'drivers', kind, id);
  return {
    root,
    run,
    database: databasePath(root),
    temporary: join(root, 'tmp'),
    reserve: reservePath(root),
    held: join(run, 'held', storeTag(root)),
    containers: join(root, 'containers'),
    layers: (id) => driver('layer', id),
    driver,
    driverRun: (kind, id) => join(run, 'drivers', kind, id),
    pool: (id) => join(root, 'pools', `${id}.img`),
    container: (id) => join(root, 'containers', id),
    containerRun: (id) => join(run, 'containers', id),
    lock: (kind, name) => join(run, 'locks', kind, lockName(name)),
  };
}

export function databasePath(root: string): string {
  return join(root, 'strata.db');
}

export function reservePath(root: string): string {
  return join(root, 'reserve');
}

/** Make the directories of the store, all 0700: what is inside (setuid files, secrets) is for root alone (CVE-2021-41091). */
export function makeDirectories(paths: StorePaths): void {
  const persistent = [paths.root, paths.temporary, paths.containers, join(paths.root, 'layers')];
  const volatile = [
    paths.run,
    join(paths.run, 'containers'),
    ...LOCK_KINDS.map((kind) => join(paths.run, 'locks', kind)),
  ];
  for (const last of [persistent.at(-1)!, volatile.at(-1)!]) {
    if (!isDirectory(last))
      for (const path of last === persistent.at(-1) ? persistent : volatile) makePrivate(path);
  }
}

export function makePrivate(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Any name as one file name: ids and digests stay readable, everything else is hashed. */
function lockName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,180}$/.test(name)) return name;
  return `h-${createHash('sha256').update(name).digest('hex')}`;
}
