/**
 * Pins: what an operation is about to name. Between finding a blob here and writing the image that needs it, a
 * concurrent removal must not take it for unused. A pin of a dead process counts for nothing.
 */
import { randomUUID } from 'node:crypto';
import type { Database, Digest, Processes } from '@strata/core';
import { formatLease, isLeaseAlive } from '../state/lease.ts';

export class Pins implements Disposable {
  readonly #database: Database;
  readonly #lease: string;
  readonly #owner = randomUUID();

  constructor(database: Database, processes: Processes) {
    this.#database = database;
    this.#lease = formatLease(processes.self);
  }

  add(digests: readonly Digest[]): void {
    this.#database.transaction(() => {
      for (const digest of digests)
        this.#database.run(
          'INSERT INTO pins (digest, lease, owner) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          digest,
          this.#lease,
          this.#owner,
        );
    });
  }

  [Symbol.dispose](): void {
    this.#database.run('DELETE FROM pins WHERE owner = ?', this.#owner);
  }
}

/** Is some live operation about to name it? */
export function isPinned(database: Database, processes: Processes, digest: Digest): boolean {
  return database
    .all<{ lease: string }>('SELECT lease FROM pins WHERE digest = ?', digest)
    .some(({ lease }) => isLeaseAlive(processes, lease));
}

/** Forget the pins of dead processes. */
export function dropDeadPins(database: Database, processes: Processes): number {
  const dead = database
    .all<{ lease: string }>('SELECT DISTINCT lease FROM pins')
    .filter(({ lease }) => !isLeaseAlive(processes, lease));
  for (const { lease } of dead) database.run('DELETE FROM pins WHERE lease = ?', lease);
  return dead.length;
}
