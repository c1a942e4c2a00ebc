import { type ErrorKind, errnoOf, isStrataError, StrataError } from '@strata/core';
import { type RawPath, showPath } from './path/raw-path.ts';

/** The archive breaks a rule; `entry` is its name as the archive spells it. */
export function badLayer(
  code: string,
  entry: RawPath | undefined,
  sentence: string,
  hint?: string,
): StrataError {
  const message =
    entry === undefined ? `The archive ${sentence}` : `The archive entry ${showPath(entry)} ${sentence}`;
  return new StrataError('invalid-argument', code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(entry === undefined ? {} : { context: { entry: showPath(entry) } }),
  });
}

/** A limit was reached. */
export function tooLarge(sentence: string, entry?: RawPath): StrataError {
  const message =
    entry === undefined ? `The archive ${sentence}` : `The archive entry ${showPath(entry)} ${sentence}`;
  return new StrataError('resource-exhausted', 'LAYER_TOO_LARGE', message);
}

const KINDS: Readonly<Record<string, readonly [ErrorKind, string, string]>> = {
  ENOSPC: ['resource-exhausted', 'LAYER_NO_SPACE', 'No space left on the device'],
  EDQUOT: ['resource-exhausted', 'LAYER_NO_SPACE', 'The disk quota is used up'],
  EFBIG: ['resource-exhausted', 'LAYER_TOO_LARGE', 'The file is larger than the filesystem allows'],
  ENAMETOOLONG: [
    'invalid-argument',
    'LAYER_BAD_NAME',
    'The name is longer than Linux allows (255 bytes, 4095 in all)',
  ],
  ELOOP: ['invalid-argument', 'LAYER_BAD_PATH', 'The path has too many symbolic links'],
  EPERM: ['permission-denied', 'LAYER_WRITE_FAILED', 'The kernel does not permit it'],
  EACCES: ['permission-denied', 'LAYER_WRITE_FAILED', 'Permission denied'],
};

/** Turn a failed system call on `entry` into one clear error; Strata's own pass unchanged. */
export function writeFailure(error: unknown, entry: RawPath): unknown {
  if (isStrataError(error)) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const [kind, code, reason] = KINDS[errno] ?? ['internal', 'LAYER_WRITE_FAILED', errno];
  return new StrataError(kind, code, `Cannot unpack ${showPath(entry)}: ${reason}`, {
    cause: error,
    context: { entry: showPath(entry), errno },
  });
}
