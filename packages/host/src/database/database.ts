import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Database, Databases, SqlRow, SqlValue } from '@strata/core';
import { storeError } from './errors.ts';
import { openConnection } from './open.ts';
import { retryBusy } from './retry.ts';

const CACHED_STATEMENTS = 256;

class SqliteDatabase implements Database {
  readonly #connection: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(connection: DatabaseSync, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  get<Row extends SqlRow = SqlRow>(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.#do(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all<Row extends SqlRow = SqlRow>(sql: string, ...values: readonly SqlValue[]): Row[] {
    return this.#do(() => this.#statement(sql).all(...values) as Row[]);
  }

  run(sql: string, ...values: readonly SqlValue[]): { changes: number; lastId: number } {
    const result = this.#do(() => this.#statement(sql).run(...values));
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  transaction<T>(body: () => T): T {
    if (this.#connection.isTransaction) return body();
    this.#do(() => this.#connection.exec('BEGIN IMMEDIATE'));
    try {
      const result = body();
      if (result instanceof Promise) throw new TypeError('A transaction must not span asynchronous work');
      this.#connection.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some failures (full disk, I/O).
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      throw storeError(error, this.#path);
    }
  }

  integrity(): readonly string[] {
    const lines = this.all('PRAGMA integrity_check').map((row) => String(row.integrity_check));
    return lines.length === 1 && lines[0] === 'ok' ? [] : lines;
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Inside a transaction nothing may be retried alone: its lock is held, so busy cannot happen. */
  #do<T>(action: () => T): T {
    try {
      return this.#connection.isTransaction ? action() : retryBusy(action);
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= CACHED_STATEMENTS) this.#statements.clear();
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

export function createDatabases(): Databases {
  return {
    open(path, options) {
      try {
        return new SqliteDatabase(openConnection(path, options), path);
      } catch (error) {
        throw storeError(error, path);
      }
    },
  };
}
