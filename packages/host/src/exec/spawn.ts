import { errnoOf, type Spawned, type SpawnOptions } from '@strata/core';
import { canStartDirectly } from './child.ts';
import { startFailure } from './failure.ts';
import { requireProgram } from './programs.ts';

async function spawner(): Promise<typeof import('./spawn-directly.ts').spawnDirectly> {
  return canStartDirectly()
    ? (await import('./spawn-directly.ts')).spawnDirectly
    : (await import('./spawn-node.ts')).spawnWithNode;
}

/** Start and return once the program runs. */
export async function spawn(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<Spawned> {
  const path = requireProgram(program);
  const start = await spawner();
  try {
    return await start(path, args, options);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    throw startFailure(program, cause, options.cwd);
  }
}
