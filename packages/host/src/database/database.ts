import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Database, Databases, SqlRow, SqlValue } from '@strata/core';
import { noRoom, storeError } from './errors.ts';
import { openConnection } from './open.ts';
import { retryBusy } from './retry.ts';
import { foundNoRoom, spareForPages, withRoom } from './room.ts';

const CACHED_STATEMENTS = 256;

class SqliteDatabase implements Database {
  readonly #connection: DatabaseSync;
  readonly #path: string;
  readonly #spare: string | undefined;
  readonly #statements = new Map<string, StatementSync>();

  constructor(connection: DatabaseSync, path: string, spare: string | undefined) {
    this.#connection = connection;
    this.#path = path;
    this.#spare = spare;
  }

  get<Row extends SqlRow = SqlRow>(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.#do(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all<Row extends SqlRow = SqlRow>(sql: string, ...values: readonly SqlValue[]): Row[] {
    return this.#do(() => this.#statement(sql).all(...values) as Row[]);
  }

  tuples<Tuple extends readonly SqlValue[]>(sql: string, ...values: readonly SqlValue[]): Tuple[] {
    return this.#do(() => {
      const statement = this.#connection.prepare(sql);
      statement.setReturnArrays(true);
      return statement.all(...values) as unknown as Tuple[];
    });
  }

  run(sql: string, ...values: readonly SqlValue[]): { changes: number; lastId: number } {
    const result = this.#do(() => this.#statement(sql).run(...values));
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  transaction<T>(body: () => T): T {
    if (this.#connection.isTransaction) return body();
    try {
      return withRoom(() => this.#transact(body), this.#path, this.#spare);
    } catch (error) {
      throw explained(error, this.#path);
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

  #transact<T>(body: () => T): T {
    retryBusy(() => this.#connection.exec('BEGIN IMMEDIATE'));
    try {
      const result = body();
      if (result instanceof Promise) throw new TypeError('A transaction must not span asynchronous work');
      this.#connection.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some failures (full disk, I/O).
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** Inside a transaction nothing may be retried alone: its lock is held, so busy cannot happen. */
  #do<T>(action: () => T): T {
    try {
      if (this.#connection.isTransaction) return action();
      return withRoom(() => retryBusy(action), this.#path, this.#spare);
    } catch (error) {
      throw explained(error, this.#path);
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

function explained(error: unknown, path: string): unknown {
  return foundNoRoom(error, path) ? noRoom(path, error) : storeError(error, path);
}

export function createDatabases(): Databases {
  return {
    open(path, options) {
      try {
        spareForPages(path, options);
        const connection = withRoom(() => openConnection(path, options), path, options.spare);
        return new SqliteDatabase(connection, path, options.spare);
      } catch (error) {
        throw explained(error, path);
      }
    },
  };
}
