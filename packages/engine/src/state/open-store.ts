import type { Database, Host } from '@strata/core';
import { makeDirectories, type StorePaths } from './paths.ts';
import { ensureReserve } from './reserve.ts';
import { migrations } from './schema.ts';

/** Open the store, making it first where there is none. Cheap enough for every command. */
export function openStore(host: Host, paths: StorePaths): Database {
  makeDirectories(paths);
  const database = host.databases.open(paths.database, { migrations, spare: paths.reserve });
  ensureReserve(paths);
  return database;
}
