import type { Database, EventType, LifecycleEvent } from '@strata/core';
import type { EventLog } from '../services.ts';

/** Events kept; the oldest go first. */
const KEPT = 50_000;

export type EventListener = (event: LifecycleEvent) => void;

interface EventRow extends Record<string, string | number> {
  seq: number;
  at: string;
  type: string;
  action: string;
  subject: string;
  attributes: string;
}

/** Lifecycle events in the store, so that any process sees what the others did. */
export class StoredEventLog implements EventLog {
  readonly #database: Database;
  readonly #listeners: Set<EventListener>;

  constructor(database: Database, listeners: Set<EventListener>) {
    this.#database = database;
    this.#listeners = listeners;
  }

  emit(event: Omit<LifecycleEvent, 'at'>): void {
    const at = new Date();
    const { lastId } = this.#database.run(
      'INSERT INTO events (at, type, action, subject, attributes) VALUES (?, ?, ?, ?, ?)',
      at.toISOString(),
      event.type,
      event.action,
      event.id,
      JSON.stringify(event.attributes),
    );
    if (lastId % 1000 === 0) this.#database.run('DELETE FROM events WHERE seq <= ?', lastId - KEPT);
    for (const listener of this.#listeners) listener({ ...event, at });
  }

  on(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Events after `after`, oldest first, at most `limit`. */
export function readEvents(
  database: Database,
  after: number,
  limit: number,
): readonly { readonly seq: number; readonly event: LifecycleEvent }[] {
  return database
    .all<EventRow>('SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?', after, limit)
    .map((row) => ({
      seq: row.seq,
      event: {
        type: row.type as EventType,
        action: row.action,
        id: row.subject,
        attributes: JSON.parse(row.attributes) as Record<string, string>,
        at: new Date(row.at),
      },
    }));
}

/** Sequence number of the last event before a time: where reading starts. */
export function eventsBefore(database: Database, since: Date): number {
  const row = database.get<{ seq: number | null }>(
    'SELECT max(seq) AS seq FROM events WHERE at < ?',
    since.toISOString(),
  );
  return row?.seq ?? 0;
}

export function lastEvent(database: Database): number {
  return database.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM events')?.seq ?? 0;
}
