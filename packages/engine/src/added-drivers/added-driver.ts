import type { Database, DriverKind, PoolDefinition, SqlRow } from '@strata/core';

/** A driver of a third party, as the store remembers it. */
export interface AddedDriver {
  readonly kind: DriverKind;
  readonly id: string;
  readonly apiVersion: number;
  readonly summary: string;
  readonly pool: PoolDefinition | undefined;
  readonly package: string;
  readonly version: string;
  readonly spec: string;
  readonly integrity: string;
  readonly tree: string;
  /** Name of its directory below `<root>/drivers/packages`. */
  readonly directory: string;
  readonly added: Date;
  readonly updated: Date;
}

interface Row extends SqlRow {
  kind: string;
  id: string;
  api_version: number;
  summary: string;
  pool: string | null;
  package: string;
  version: string;
  spec: string;
  integrity: string;
  tree: string;
  directory: string;
  added: string;
  updated: string;
}

/** By kind and id. */
export function addedDrivers(database: Database): AddedDriver[] {
  return database.all<Row>('SELECT * FROM added_drivers ORDER BY kind, id').map((row) => ({
    kind: row.kind as DriverKind,
    id: row.id,
    apiVersion: row.api_version,
    summary: row.summary,
    pool: row.pool === null ? undefined : (JSON.parse(row.pool) as PoolDefinition),
    package: row.package,
    version: row.version,
    spec: row.spec,
    integrity: row.integrity,
    tree: row.tree,
    directory: row.directory,
    added: new Date(row.added),
    updated: new Date(row.updated),
  }));
}

/** Record it, or replace what is recorded under its kind and id. */
export function putAddedDriver(database: Database, driver: AddedDriver): void {
  const columns =
    'kind, id, api_version, summary, pool, package, version, spec, integrity, tree, directory, added, updated';
  database.run(
    `INSERT OR REPLACE INTO added_drivers (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    driver.kind,
    driver.id,
    driver.apiVersion,
    driver.summary,
    driver.pool === undefined ? null : JSON.stringify(driver.pool),
    driver.package,
    driver.version,
    driver.spec,
    driver.integrity,
    driver.tree,
    driver.directory,
    driver.added.toISOString(),
    driver.updated.toISOString(),
  );
}

export function deleteAddedDriver(database: Database, kind: DriverKind, id: string): void {
  database.run('DELETE FROM added_drivers WHERE kind = ? AND id = ?', kind, id);
}
