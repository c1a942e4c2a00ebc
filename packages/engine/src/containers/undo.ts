/** How each journalled step is undone. Every undo is idempotent and needs nothing but the step's data. */
import { errnoOf, isStrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { runtimeFor } from './runtime.ts';
import { forgetIntents, type Intent, intentsOf, type Step } from './state/journal.ts';

/**
 * Take down what a container holds: one run of it, or all. Rows are forgotten in one transaction at the end, so a
 * crash in between undoes again, which is harmless. When an undo fails, its row and those of older steps stay for
 * the next attempt.
 */
export async function undoSteps(
  services: EngineServices,
  container: string,
  phase: 'run' | 'all',
): Promise<void> {
  await undoIntents(services, intentsOf(services.database, container, phase));
}

export async function undoIntents(services: EngineServices, intents: readonly Intent[]): Promise<void> {
  const done: Intent[] = [];
  try {
    for (const intent of intents) {
      await undoStep(services, intent.step);
      done.push(intent);
    }
  } finally {
    if (done.length > 0) services.database.transaction(() => forgetIntents(services.database, done));
  }
}

async function undoStep(services: EngineServices, step: Step): Promise<void> {
  const { host } = services;
  switch (step.step) {
    case 'runtime': {
      const runtime = await runtimeFor(services, step.driver);
      return await runtime.delete(step.id, { force: true });
    }
    case 'cgroup':
      return await undoCgroup(services, step);
    case 'mount':
      return await host.mounter.unmount(step.target);
    case 'run-directory':
    case 'directory':
      return await host.files.removeTree(step.path);
    case 'layer': {
      const layers = await services.layers.open(step.driver);
      return await layers.remove(step.key).catch((error: unknown) => {
        if (!isStrataError(error, 'not-found')) throw error;
      });
    }
  }
}

async function undoCgroup(services: EngineServices, step: Extract<Step, { step: 'cgroup' }>): Promise<void> {
  const driver = await services.cgroup();
  // Died between making it and writing it down: making it again is how its name is learned.
  const ref = step.ref ?? (await driver.create(step.id, {}, step.parent ? { parent: step.parent } : {}));
  await driver.kill(ref).catch((error: unknown) => {
    if (!isStrataError(error, 'not-found') && errnoOf(error) !== 'ENOENT') throw error;
  });
  await driver.remove(ref);
}
