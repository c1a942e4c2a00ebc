/** All SQL over `networks`. */
import { type Database, type NetworkSpec, type SqlRow, StrataError } from '@strata/core';
import { randomHex } from '../state/random.ts';

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** As the driver completed it. */
  readonly spec: NetworkSpec;
  readonly created: Date;
}

type NetworkRow = SqlRow & {
  id: string;
  name: string;
  driver: string;
  state: string;
  spec: string;
  created: string;
};

export function newId(): string {
  return randomHex(6);
}

/** Announce it: what the driver makes of it from now on can be undone by whoever finds the row. */
export function insertNetwork(database: Database, driver: string, spec: NetworkSpec): void {
  database.run(
    `INSERT INTO networks (id, name, driver, state, spec, created) VALUES (?, ?, ?, 'creating', ?, ?)`,
    spec.id,
    spec.name,
    driver,
    JSON.stringify(spec),
    new Date().toISOString(),
  );
}

export function finishNetwork(database: Database, spec: NetworkSpec): void {
  database.run(`UPDATE networks SET state = 'ready', spec = ? WHERE id = ?`, JSON.stringify(spec), spec.id);
}

/** From here on nobody joins it. */
export function markRemoving(database: Database, id: string): void {
  database.run(`UPDATE networks SET state = 'removing' WHERE id = ?`, id);
}

export function deleteNetwork(database: Database, id: string): void {
  database.run('DELETE FROM networks WHERE id = ?', id);
}

/** By name. */
export function allNetworks(database: Database): NetworkRecord[] {
  return select(database, `state = 'ready' ORDER BY name`);
}

/** Creations and removals that were interrupted. */
export function unfinishedNetworks(database: Database): NetworkRecord[] {
  return select(database, `state != 'ready'`);
}

export function networkById(database: Database, id: string): NetworkRecord | undefined {
  return select(database, `id = ? AND state = 'ready'`, id)[0];
}

export function networkByName(database: Database, name: string): NetworkRecord | undefined {
  return select(database, `name = ? AND state = 'ready'`, name)[0];
}

/** By name, id or unambiguous prefix of an id. */
export function lookupNetwork(database: Database, reference: string): NetworkRecord | undefined {
  const exact = select(
    database,
    `state = 'ready' AND (name = ? OR id = ?) ORDER BY name = ? DESC LIMIT 1`,
    reference,
    reference,
    reference,
  );
  if (exact[0] !== undefined || !/^[0-9a-f]{1,12}$/.test(reference)) return exact[0];
  const [found, second] = select(
    database,
    `state = 'ready' AND id >= ? AND id < ? LIMIT 2`,
    reference,
    `${reference}g`,
  );
  if (second !== undefined)
    throw new StrataError(
      'invalid-argument',
      'NETWORK_AMBIGUOUS',
      `Several networks begin with ${reference}`,
      { hint: 'Give more digits of the id' },
    );
  return found;
}

export function findNetwork(database: Database, reference: string): NetworkRecord {
  const found = lookupNetwork(database, reference);
  if (found === undefined) throw networkNotFound(reference);
  return found;
}

export function networkNotFound(reference: string): StrataError {
  return new StrataError('not-found', 'NETWORK_NOT_FOUND', `network ${reference} not found`, {
    hint: `strata network ls lists the networks; make it with: strata network create ${reference}`,
  });
}

function select(database: Database, where: string, ...values: string[]): NetworkRecord[] {
  const rows = database.all<NetworkRow>(`SELECT * FROM networks WHERE ${where}`, ...values);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    driver: row.driver,
    spec: JSON.parse(row.spec) as NetworkSpec,
    created: new Date(row.created),
  }));
}
