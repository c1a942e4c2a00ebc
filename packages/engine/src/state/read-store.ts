import { type Database, type Databases, isStrataError } from '@strata/core';
import { databasePath, reservePath } from './paths.ts';
import { migrations } from './schema.ts';

/** Read the store and nothing else, for commands that must start fast; empty when there is no store yet. */
export function readStore<T>(databases: Databases, root: string, read: (database: Database) => T[]): T[] {
  try {
    const spare = reservePath(root);
    const database = databases.open(databasePath(root), { migrations, readOnly: true, spare });
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
