/** The `layers` table: rows of one driver and owner, and nothing about disks. */
import type { Database, Layer, LayerUsage } from '@strata/core';
import type { LayerInfo, LayerKind, LayerLabels } from '../services.ts';
import { volatileTransaction } from '../state/volatile.ts';

export type LayerState = 'creating' | 'ready' | 'removing';

export interface LayerRow extends Record<string, string | number | null> {
  seq: number;
  driver: string;
  /** Whose: '' is Strata itself. */
  owner: string;
  key: string;
  kind: LayerKind;
  state: LayerState;
  parent: number | null;
  labels: string;
  bytes: number | null;
  inodes: number | null;
  created: string;
  updated: string;
  lease: string | null;
}

export function layerId(seq: number): string {
  return seq.toString(36);
}

export class LayerRows {
  readonly #database: Database;
  readonly #driver: string;
  readonly #owner: string;

  constructor(database: Database, driver: string, owner: string) {
    this.#database = database;
    this.#driver = driver;
    this.#owner = owner;
  }

  transaction<T>(body: () => T): T {
    return this.#database.transaction(body);
  }

  /** The row that holds a key now, whatever its state; never one being removed. */
  holder(key: string): LayerRow | undefined {
    return this.#database.get<LayerRow>(
      `SELECT * FROM layers WHERE driver = ? AND owner = ? AND key = ? AND state != 'removing'`,
      this.#driver,
      this.#owner,
      key,
    );
  }

  bySeq(seq: number): LayerRow | undefined {
    return this.#database.get<LayerRow>('SELECT * FROM layers WHERE seq = ?', seq);
  }

  insert(row: {
    readonly key: string;
    readonly kind: LayerKind;
    readonly parent: number | null;
    readonly labels: LayerLabels;
    readonly lease: string;
  }): number {
    const now = new Date().toISOString();
    return this.#database.run(
      `INSERT INTO layers (driver, owner, key, kind, state, parent, labels, created, updated, lease)
       VALUES (?, ?, ?, ?, 'creating', ?, ?, ?, ?, ?)`,
      this.#driver,
      this.#owner,
      row.key,
      row.kind,
      row.parent,
      JSON.stringify(row.labels),
      now,
      now,
      row.lease,
    ).lastId;
  }

  ready(seq: number): void {
    this.#database.run(`UPDATE layers SET state = 'ready', lease = NULL WHERE seq = ?`, seq);
  }

  /** Active → committed under a name. A new life: created and updated start now. */
  publish(
    seq: number,
    as: {
      readonly name: string;
      readonly parent: number | null;
      readonly labels: LayerLabels;
      readonly usage: LayerUsage;
    },
  ): void {
    const now = new Date().toISOString();
    this.#database.run(
      `UPDATE layers SET key = ?, kind = 'committed', state = 'ready', parent = ?, labels = ?, bytes = ?, inodes = ?,
       created = ?, updated = ?, lease = NULL WHERE seq = ?`,
      as.name,
      as.parent,
      JSON.stringify(as.labels),
      as.usage.bytes,
      as.usage.inodes,
      now,
      now,
      seq,
    );
  }

  /** Give key and parent back at once; the disk follows outside the transaction. */
  removing(seq: number, lease: string): void {
    this.#database.run(
      `UPDATE layers SET state = 'removing', parent = NULL, lease = ? WHERE seq = ?`,
      lease,
      seq,
    );
  }

  /** After an error, which says more than that the disk is full, too. Whoever tries next goes on, also in this process. */
  giveUp(seq: number): void {
    try {
      this.setLease(seq, null);
    } catch {
      // It is free once this process has ended.
    }
  }

  setLease(seq: number, lease: string | null): void {
    this.#database.run('UPDATE layers SET lease = ? WHERE seq = ?', lease, seq);
  }

  setLabels(seq: number, labels: LayerLabels): string {
    // Later than `created` even when both fall into one millisecond.
    const row = this.bySeq(seq)!;
    const updated = new Date(Math.max(Date.now(), Date.parse(row.updated) + 1)).toISOString();
    this.#database.run(
      'UPDATE layers SET labels = ?, updated = ? WHERE seq = ?',
      JSON.stringify(labels),
      updated,
      seq,
    );
    return updated;
  }

  delete(seq: number): void {
    this.#database.run('DELETE FROM layers WHERE seq = ?', seq);
  }

  /** Of one whose disk is gone. A row `removing` that a power cut brings back is removed again. */
  forget(seq: number): void {
    volatileTransaction(this.#database, () => this.delete(seq));
  }

  hasChildren(seq: number): boolean {
    return (
      this.#database.get(
        `SELECT 1 AS one FROM layers WHERE parent = ? AND state != 'removing' LIMIT 1`,
        seq,
      ) !== undefined
    );
  }

  /** Physical ids of a layer and all below it, nearest first. */
  chain(seq: number): string[] {
    return this.#database
      .all<{ seq: number }>(
        `WITH RECURSIVE chain (seq, parent, depth) AS (
           SELECT seq, parent, 0 FROM layers WHERE seq = ?
           UNION ALL SELECT l.seq, l.parent, depth + 1 FROM layers l JOIN chain c ON l.seq = c.parent
         ) SELECT seq FROM chain ORDER BY depth`,
        seq,
      )
      .map((row) => layerId(row.seq));
  }

  layer(row: Pick<LayerRow, 'seq' | 'parent'>): Layer {
    return { id: layerId(row.seq), parents: row.parent === null ? [] : this.chain(row.parent) };
  }

  unreadyChildren(seq: number): LayerRow[] {
    return this.#database.all<LayerRow>(`SELECT * FROM layers WHERE parent = ? AND state = 'creating'`, seq);
  }

  /** Rows that are not ready, of any process and owner: the disk they share. */
  unready(): LayerRow[] {
    return this.#database.all<LayerRow>(
      `SELECT * FROM layers WHERE driver = ? AND state != 'ready' ORDER BY seq DESC`,
      this.#driver,
    );
  }

  /** What is half made or half removed under a key. */
  unfinished(key: string): LayerRow[] {
    return this.#database.all<LayerRow>(
      `SELECT * FROM layers WHERE driver = ? AND owner = ? AND key = ? AND state != 'ready'`,
      this.#driver,
      this.#owner,
      key,
    );
  }

  /** Ready rows in pages, so that a walk sees its own removals and holds nothing. */
  page(after: number, limit: number): LayerRow[] {
    return this.#database.all<LayerRow>(
      `SELECT * FROM layers WHERE driver = ? AND owner = ? AND state = 'ready' AND seq > ? ORDER BY seq LIMIT ?`,
      this.#driver,
      this.#owner,
      after,
      limit,
    );
  }

  /** Physical ids of every row there is. */
  ids(): Set<string> {
    const rows = this.#database.all<{ seq: number }>('SELECT seq FROM layers WHERE driver = ?', this.#driver);
    return new Set(rows.map((row) => layerId(row.seq)));
  }

  info(row: LayerRow): LayerInfo {
    const parent = row.parent === null ? undefined : this.bySeq(row.parent)?.key;
    const labels = Object.assign(Object.create(null) as Record<string, string>, JSON.parse(row.labels));
    return {
      kind: row.kind,
      name: row.key,
      parent,
      labels: { ...labels },
      created: new Date(row.created),
      updated: new Date(row.updated),
    };
  }
}
