import { existsSync } from 'node:fs';
import { errnoOf, StrataError } from '@strata/core';
import { kindOfErrno } from '../errors.ts';
import { forgetProgram, programMissing } from './programs.ts';

/** Why a program that is installed did not start. ENOENT may be it, its interpreter, or the directory. */
export function startFailure(program: string, cause: unknown, cwd: string | undefined): StrataError {
  if (errnoOf(cause) === 'ENOENT' && (cwd === undefined || existsSync(cwd))) {
    forgetProgram(program);
    return programMissing(program);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StrataError(
    kindOfErrno(cause),
    'PROGRAM_NOT_STARTED',
    `${program} could not be started: ${reason}`,
    {
      cause,
      context: { program, ...(cwd === undefined ? {} : { cwd }) },
    },
  );
}
