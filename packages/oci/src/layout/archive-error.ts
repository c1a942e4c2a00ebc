import { errnoOf, isStrataError, StrataError } from '@strata/core';

/** The archive is not one, or lies. */
export function badArchive(why: string, cause?: unknown): StrataError {
  return new StrataError('invalid-argument', 'ARCHIVE_INVALID', `not a usable image archive: ${why}`, {
    hint: 'expected is what docker save, podman save, skopeo or strata save write',
    cause,
  });
}

export function missingMember(name: string): StrataError {
  return badArchive(`'${name}' is missing from it`);
}

export function archiveNotFound(path: string, cause: unknown): StrataError {
  return new StrataError('not-found', 'ARCHIVE_NOT_FOUND', `there is no file or directory ${path}`, {
    hint: 'check the path; `-` reads standard input',
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'its directory does not exist',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  EROFS: 'its filesystem is read-only',
  ENOSPC: 'no space left on its filesystem',
  EFBIG: 'it would be larger than a file may be',
  EDQUOT: 'the disk quota is used up',
};

/** A failed write to `path` in words; every other error as it is. */
export function unwritable(path: string, error: unknown): unknown {
  const errno = isStrataError(error) ? '' : (errnoOf(error) ?? '');
  const reason = REASONS[errno];
  if (reason === undefined) return error;
  const full = errno === 'ENOSPC' || errno === 'EDQUOT';
  const [kind, code] = full
    ? (['resource-exhausted', 'NO_SPACE'] as const)
    : (['failed-precondition', 'ARCHIVE_UNWRITABLE'] as const);
  return new StrataError(kind, code, `cannot write ${path}: ${reason}`, {
    hint: 'choose another place with --output',
    cause: error,
  });
}
