import { type ErrorKind, errnoOf, StrataError } from '@strata/core';

/** A Node-like system error for failures we find ourselves. */
export function systemError(code: string, message: string, syscall: string, path?: string): Error {
  const error = new Error(`${code}: ${message}, ${syscall}${path === undefined ? '' : ` '${path}'`}`);
  return Object.assign(error, { code, syscall, ...(path === undefined ? {} : { path }) });
}

const KINDS = new Map<string, ErrorKind>([
  ['ENOENT', 'not-found'],
  ['EEXIST', 'already-exists'],
  ['EACCES', 'permission-denied'],
  ['EPERM', 'permission-denied'],
  ['ENOSPC', 'resource-exhausted'],
  ['EDQUOT', 'resource-exhausted'],
  ['EMFILE', 'resource-exhausted'],
  ['ENFILE', 'resource-exhausted'],
  ['ENOMEM', 'resource-exhausted'],
  ['ENODEV', 'unsupported'],
  ['ENOSYS', 'unsupported'],
  ['EBUSY', 'unavailable'],
]);

/** The family an errno belongs to; `internal` when it says nothing in particular. */
export function kindOfErrno(error: unknown): ErrorKind {
  return KINDS.get(errnoOf(error) ?? '') ?? 'internal';
}

export function aborted(signal: AbortSignal): StrataError {
  const reason: unknown = signal.reason;
  if (reason instanceof StrataError) return reason;
  return new StrataError('aborted', 'ABORTED', 'The operation was cancelled', { cause: reason });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}
