import { errnoOf, StrataError } from '@strata/core';

export function notFound(what: string): StrataError {
  return new StrataError('not-found', 'EXAMPLE_NOT_FOUND', `there is no ${what} in the image store`);
}

export function notTheBytes(what: string): StrataError {
  return new StrataError('data-loss', 'EXAMPLE_WRONG_BYTES', what, { hint: 'Fetch it again' });
}

export function badDigest(text: string): StrataError {
  return new StrataError('invalid-argument', 'EXAMPLE_BAD_DIGEST', `${JSON.stringify(text)} is not a digest`);
}

/** For `.catch`: a missing file is an answer, anything else is not. */
export function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}
