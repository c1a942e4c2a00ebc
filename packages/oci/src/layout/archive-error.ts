import { StrataError } from '@strata/core';

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
