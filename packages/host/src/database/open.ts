import { existsSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type DatabaseOptions, StrataError } from '@strata/core';
import { BUSY_TIMEOUT, retryBusy } from './retry.ts';
import { foundNoRoom } from './room.ts';

/** node:sqlite is loaded with the first database, not with this module. */
function sqlite(): typeof import('node:sqlite') {
  return process.getBuiltinModule('node:sqlite');
}

function version(database: DatabaseSync): number {
  const row = retryBusy(() => database.prepare('PRAGMA user_version').get());
  return Number(row?.user_version ?? 0);
}

function tooNew(path: string, found: number, known: number): StrataError {
  return new StrataError('failed-precondition', 'STORE_TOO_NEW', `${path} was written by a newer Strata`, {
    hint: `Its format is ${found}, this version knows ${known}: update strata`,
    context: { path, found, known },
  });
}

/** Asking first keeps the usual open free of the exclusive lock that the switch needs. */
function enterWal(database: DatabaseSync): void {
  retryBusy(() => {
    if (database.prepare('PRAGMA journal_mode').get()?.journal_mode !== 'wal')
      database.exec('PRAGMA journal_mode = WAL');
  });
}

/** All steps in one transaction, version checked again inside it: twenty processes may open a new store at once. */
function migrate(database: DatabaseSync, path: string, migrations: readonly string[]): void {
  retryBusy(() => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const from = version(database);
      if (from > migrations.length) throw tooNew(path, from, migrations.length);
      for (const step of migrations.slice(from)) database.exec(step);
      database.exec(`PRAGMA user_version = ${migrations.length}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  });
}

function missing(path: string): StrataError {
  return new StrataError('not-found', 'STORE_NOT_FOUND', `There is no database at ${path}`, {
    hint: 'Nothing has been stored there yet; check --root',
    context: { path },
  });
}

/**
 * Reading needs the wal-index too. Where there is no room for one, nobody has the database open; and when its log is
 * empty, the file alone is the truth (sqlite.org/uri.html, `immutable`).
 */
function openFile(path: string): DatabaseSync | undefined {
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return undefined;
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new (sqlite().DatabaseSync)(url, { readOnly: true });
}

/** An open connection whose schema is exactly the one `migrations` describe. */
export function openConnection(path: string, options: DatabaseOptions): DatabaseSync {
  const { migrations, readOnly = false } = options;
  if (readOnly && !existsSync(path)) throw missing(path);
  const connect = (mode: boolean) =>
    retryBusy(() => new (sqlite().DatabaseSync)(path, { readOnly: mode, timeout: BUSY_TIMEOUT }));
  const database = connect(readOnly);
  try {
    const found = version(database);
    if (found > migrations.length) throw tooNew(path, found, migrations.length);
    if (readOnly && found === migrations.length) return database;
    // An older store cannot be read as it is: bring it up to date as a writer.
    if (readOnly) {
      database.close();
      return openConnection(path, { migrations });
    }
    enterWal(database);
    // FULL, since in WAL mode NORMAL syncs only at checkpoints, and a power cut takes the last commits with it: a `removing`
    // forgotten while half of its layer is deleted already leaves a `ready` row over rubbish, and a pull that reported
    // success is gone. Costs one fdatasync(2) of the log per commit, so commits are what to save.
    database.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    if (found < migrations.length) migrate(database, path, migrations);
    return database;
  } catch (error) {
    if (database.isOpen) database.close();
    const plain = readOnly && foundNoRoom(error, path) ? openFile(path) : undefined;
    if (plain === undefined) throw error;
    if (version(plain) === migrations.length) return plain;
    plain.close();
    throw error;
  }
}
