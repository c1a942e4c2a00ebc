import type { Exec } from '@strata/core';
import { findProgram } from './programs.ts';

/** execa and node:child_process are loaded by the first call that starts a program. */
export function createExec(): Exec {
  return {
    run: async (program, args, options) => (await import('./run.ts')).run(program, args, options),
    spawn: async (program, args, options) => (await import('./spawn.ts')).spawn(program, args, options),
    find: findProgram,
  };
}
