import type { Exec } from '@strata/core';

/** What starts programs is loaded by the first call that does. */
export function createExec(): Exec {
  return {
    run: async (program, args, options) => (await import('./run.ts')).run(program, args, options),
    spawn: async (program, args, options) => (await import('./spawn.ts')).spawn(program, args, options),
    find: async (program) => (await import('./programs.ts')).findProgram(program),
  };
}
