import assert from 'node:assert/strict';
import { type ErrorKind, isStrataError, type StrataError } from '@strata/core';

/** The work must fail with a {@link StrataError} of this kind. */
export async function expectError(
  kind: ErrorKind,
  what: string,
  work: () => Promise<unknown>,
): Promise<StrataError> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    assert.ok(isStrataError(error), `${what} failed with ${String(error)}, which is not a StrataError`);
    assert.equal(error.kind, kind, `${what} failed with kind ${error.kind} (${error.message})`);
    return error;
  }
  assert.fail(`${what} must fail with ${kind}, but resolved with ${JSON.stringify(result)}`);
}

/** The errno name of the system error the work fails with; `undefined` when it succeeds. */
export function errnoFrom(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
