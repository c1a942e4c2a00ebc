/**
 * SQLite for metadata (WAL, one file): rows that many processes read and change. Synchronous and short: never hold
 * a transaction across I/O. Lock waits are inside; "database is locked" never comes out.
 */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

export interface Database {
  get<Row extends SqlRow = SqlRow>(sql: string, ...values: readonly SqlValue[]): Row | undefined;
  all<Row extends SqlRow = SqlRow>(sql: string, ...values: readonly SqlValue[]): Row[];
  /** `all` with each row as an array of its columns, in their order: for thousands of rows, where objects are slow. */
  tuples<Tuple extends readonly SqlValue[]>(sql: string, ...values: readonly SqlValue[]): Tuple[];
  /** Rows changed, and the id of the last inserted one. */
  run(sql: string, ...values: readonly SqlValue[]): { readonly changes: number; readonly lastId: number };
  /**
   * BEGIN IMMEDIATE … COMMIT; rolls back when `body` throws. Nesting joins the outer one. Where there is no room to commit
   * and a spare file to get it from, `body` is called again.
   */
  transaction<T>(body: () => T): T;
  /** `PRAGMA integrity_check`: no lines when sound. */
  integrity(): readonly string[];
  close(): void;
}

export interface DatabaseOptions {
  /** Step n takes the schema from version n to n+1 (`PRAGMA user_version`); run in one transaction. */
  readonly migrations: readonly string[];
  readonly readOnly?: boolean;
  /** A file that is made shorter, piece by piece, where the disk is so full that the database cannot be used without. */
  readonly spare?: string;
}

export interface Databases {
  /**
   * Open or create. @throws failed-precondition when the file's version is newer than the migrations know;
   * data-loss when it is not a sound database; not-found when read-only and missing.
   */
  open(path: string, options: DatabaseOptions): Database;
}
