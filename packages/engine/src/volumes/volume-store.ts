/** All SQL over `volumes` and `volume_uses`. */
import type { Database, SqlRow } from '@strata/core';
import { StrataError } from '@strata/core';

export interface VolumeRecord {
  readonly name: string;
  readonly state: 'ready' | 'removing';
  readonly anonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
}

type VolumeRow = SqlRow & { name: string; state: string; anonymous: number; labels: string; created: string };

export type NewVolume = Pick<VolumeRecord, 'name' | 'anonymous' | 'labels'>;

/** False: there is one already. @throws unavailable while the old one of this name is being removed */
export function insertVolume(database: Database, { name, anonymous, labels }: NewVolume): boolean {
  const found = volumeByName(database, name);
  if (found?.state === 'removing')
    throw new StrataError('unavailable', 'VOLUME_REMOVING', `Volume ${name} is being removed`, {
      hint: 'Try again; if it stays, strata volume rm finishes the removal',
    });
  if (found !== undefined) return false;
  database.run(
    "INSERT INTO volumes (name, state, anonymous, labels, created) VALUES (?, 'ready', ?, ?, ?)",
    name,
    anonymous ? 1 : 0,
    JSON.stringify(labels),
    new Date().toISOString(),
  );
  return true;
}

export function volumeByName(database: Database, name: string): VolumeRecord | undefined {
  const row = database.get<VolumeRow>('SELECT * FROM volumes WHERE name = ?', name);
  return row && recordOf(row);
}

export function allVolumes(database: Database): VolumeRecord[] {
  return database.all<VolumeRow>('SELECT * FROM volumes ORDER BY name').map(recordOf);
}

export function markRemoving(database: Database, name: string): void {
  database.run("UPDATE volumes SET state = 'removing' WHERE name = ?", name);
}

export function deleteVolume(database: Database, name: string): void {
  database.run('DELETE FROM volumes WHERE name = ?', name);
}

export function useVolume(database: Database, container: string, volume: string): void {
  database.run('INSERT OR IGNORE INTO volume_uses (container, volume) VALUES (?, ?)', container, volume);
}

/** Ids of the containers that name it. */
export function usersOf(database: Database, volume: string): string[] {
  return database
    .all<{ container: string }>(
      'SELECT container FROM volume_uses WHERE volume = ? ORDER BY container',
      volume,
    )
    .map(({ container }) => container);
}

export function anonymousOf(database: Database, container: string): string[] {
  return database
    .all<{ name: string }>(
      'SELECT name FROM volumes JOIN volume_uses ON volume = name WHERE container = ? AND anonymous = 1',
      container,
    )
    .map(({ name }) => name);
}

function recordOf(row: VolumeRow): VolumeRecord {
  return {
    name: row.name,
    state: row.state as VolumeRecord['state'],
    anonymous: row.anonymous === 1,
    labels: JSON.parse(row.labels) as Record<string, string>,
    created: new Date(row.created),
  };
}
