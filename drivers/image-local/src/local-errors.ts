import type { Digest } from '@strata/core';
import { errnoOf, isStrataError, StrataError } from '@strata/core';

export function blobNotFound(digest: Digest): StrataError {
  return new StrataError('not-found', 'BLOB_NOT_FOUND', `blob ${digest} is not in the image store`, {
    hint: 'pull the image again',
    context: { digest },
  });
}

export function sizeMismatch(expected: number, actual: string, digest: Digest | undefined): StrataError {
  const what = digest === undefined ? 'the blob' : `blob ${digest}`;
  return new StrataError(
    'data-loss',
    'BLOB_SIZE_MISMATCH',
    `${what} has ${actual} bytes instead of ${expected}`,
    {
      hint: 'the source sent other bytes than it promised; nothing was kept',
      context: { expected },
    },
  );
}

export function digestMismatch(expected: Digest, actual: Digest): StrataError {
  return new StrataError(
    'data-loss',
    'BLOB_DIGEST_MISMATCH',
    `blob ${expected} arrived with digest ${actual}`,
    {
      hint: 'the source sent other bytes than it promised; nothing was kept',
      context: { expected, actual },
    },
  );
}

export function writerClosed(): StrataError {
  return new StrataError('failed-precondition', 'BLOB_WRITER_CLOSED', 'this blob writer was already closed');
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** A full disk in words; every other error as it is. */
export function storageError(error: unknown, root: string): unknown {
  if (isStrataError(error)) return error;
  const errno = errnoOf(error);
  if (errno === undefined || !FULL.has(errno)) return error;
  return new StrataError('resource-exhausted', 'NO_SPACE', `no space left on the filesystem of ${root}`, {
    hint: 'free some with strata system prune, or move the store with --root',
    cause: error,
  });
}
