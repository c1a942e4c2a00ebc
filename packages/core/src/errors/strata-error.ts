/**
 * The one error type of Strata.
 *
 * A person reads `message` (one clear sentence, no stack, no trailing full stop needed) and `hint` (what to do
 * about it). A program reads `kind` (which family of failure; decides exit status and whether a retry makes
 * sense) and `code` (stable, upper-case, never reused for another meaning).
 *
 * Recognise it with {@link isStrataError}, never with `instanceof`: two copies of this package may be installed.
 */
const BRAND = Symbol.for('@strata/core/StrataError');

/**
 * The families, after gRPC's canonical codes, so that they travel unchanged through containerd's API.
 *
 * - `already-exists`, `not-found`, `invalid-argument`, `failed-precondition`: containerd's four snapshotter errors.
 * - `unsupported`: this host or driver cannot do it, ever. `unavailable`: not now; trying again may work.
 * - `data-loss`: bytes are not what their digest or size says. `permission-denied`, `resource-exhausted` (disk,
 *   quota, pids), `aborted` (the caller cancelled), `internal` (a bug of ours).
 */
export type ErrorKind =
  | 'already-exists'
  | 'not-found'
  | 'invalid-argument'
  | 'failed-precondition'
  | 'unsupported'
  | 'unavailable'
  | 'data-loss'
  | 'permission-denied'
  | 'resource-exhausted'
  | 'aborted'
  | 'internal';

export interface StrataErrorDetails {
  /** What the reader can do about it: one sentence, often a command. */
  readonly hint?: string;
  /** The error that caused this one; printed only with `--debug`. */
  readonly cause?: unknown;
  /** Exit status the CLI should use when it differs from the command's default (125, 126, 127, …). */
  readonly exitCode?: number;
  /** Machine-readable facts: names, digests, sizes. Never secrets. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
}

export class StrataError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number | undefined;
  readonly context: Readonly<Record<string, string | number | boolean>>;

  /** `code` is `UPPER_SNAKE`, e.g. `IMAGE_NOT_FOUND`; docs/errors.md lists all of them. */
  constructor(kind: ErrorKind, code: string, message: string, details: StrataErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StrataError';
    this.kind = kind;
    this.code = code;
    this.hint = details.hint;
    this.exitCode = details.exitCode;
    this.context = details.context ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Is this an error of Strata, and, when asked, of this kind or with this code? Works across package copies. */
export function isStrataError(error: unknown, kindOrCode?: ErrorKind | (string & {})): error is StrataError {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
  const known = error as unknown as StrataError;
  return kindOrCode === undefined || known.kind === kindOrCode || known.code === kindOrCode;
}

/** The `errno` name (`ENOENT`) of a system error, however deep in the chain of causes; `undefined` if none. */
export function errnoOf(error: unknown): string | undefined {
  for (let e = error; typeof e === 'object' && e !== null; e = (e as { cause?: unknown }).cause) {
    const { code, errno } = e as { code?: unknown; errno?: unknown };
    if (errno === -122) return 'EDQUOT'; // libuv has no name for it and says UNKNOWN
    if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return code;
  }
  return undefined;
}
