import { isStrataError, StrataError } from '@strata/core';

/** Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of an extended code. */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT = 19;
const NOTADB = 26;
const UNIQUE = new Set([2067, 1555]);

function extendedCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : undefined;
}

export function isFull(error: unknown): boolean {
  return ((extendedCode(error) ?? 0) & 0xff) === FULL;
}

export function isIo(error: unknown): boolean {
  return ((extendedCode(error) ?? 0) & 0xff) === IOERR;
}

export function isBusy(error: unknown): boolean {
  const primary = (extendedCode(error) ?? 0) & 0xff;
  return primary === BUSY || primary === LOCKED;
}

function corrupt(path: string, cause: unknown): StrataError {
  return new StrataError(
    'data-loss',
    'STORE_CORRUPT',
    `The database ${path} is damaged or is not a database`,
    {
      hint: 'Keep a copy of the file and of its -wal file, then run `strata check --repair`',
      cause,
      context: { path },
    },
  );
}

export function noRoom(path: string, cause: unknown): StrataError {
  return new StrataError('resource-exhausted', 'STORE_FULL', `No space left to write ${path}`, {
    hint: 'Free some space there, for example with `strata rmi`, `strata rm` or `strata image prune`',
    cause,
    context: { path, sqlite: extendedCode(cause) ?? FULL },
  });
}

/** An error of SQLite in the words of Strata; anything else unchanged. */
export function storeError(error: unknown, path: string): unknown {
  const extended = extendedCode(error);
  if (extended === undefined || isStrataError(error)) return error;
  const details = { cause: error, context: { path, sqlite: extended } };
  const message = error instanceof Error ? error.message : String(error);
  switch (extended & 0xff) {
    case CORRUPT:
    case NOTADB:
      return corrupt(path, error);
    case BUSY:
    case LOCKED:
      return new StrataError('unavailable', 'STORE_BUSY', 'Another process kept the database for too long', {
        ...details,
        hint: 'Look for a strata process that hangs, then try again',
      });
    case FULL:
      return noRoom(path, error);
    case READONLY:
    case CANTOPEN:
      return new StrataError('permission-denied', 'STORE_UNWRITABLE', `Cannot open or write ${path}`, {
        ...details,
        hint: 'Are you root, and is the filesystem mounted read-write?',
      });
    case IOERR:
      return new StrataError(
        'unavailable',
        'STORE_IO',
        `Reading or writing ${path} failed: ${message}`,
        details,
      );
    case CONSTRAINT:
      return UNIQUE.has(extended)
        ? new StrataError('already-exists', 'ROW_EXISTS', `The row is there already: ${message}`, details)
        : new StrataError(
            'failed-precondition',
            'ROW_CONSTRAINT',
            `The row is not allowed: ${message}`,
            details,
          );
    default:
      return new StrataError(
        'internal',
        'STORE_ERROR',
        `The database refused a statement: ${message}`,
        details,
      );
  }
}
