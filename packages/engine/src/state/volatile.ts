import type { Database } from '@strata/core';

/**
 * A transaction for what a reboot ends anyway: it survives the death of every process, and is lost with a power cut, like the
 * links or mounts it tells of. Saves the sync of the disk. Not inside another transaction.
 */
export function volatileTransaction<T>(database: Database, body: () => T): T {
  database.run('PRAGMA synchronous = NORMAL');
  try {
    return database.transaction(body);
  } finally {
    database.run('PRAGMA synchronous = FULL');
  }
}
