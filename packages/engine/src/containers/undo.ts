/** How each journalled step is undone. Every undo is idempotent and needs nothing but the step's data. */
import { setTimeout as delay } from 'node:timers/promises';
import { type CgroupDriver, type CgroupRef, errnoOf, isStrataError } from '@strata/core';
import { clearAttachments } from '../networks/endpoint-store.ts';
import type { EngineServices } from '../services.ts';
import { runtimeFor } from './runtime.ts';
import { containerById } from './state/container-store.ts';
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
  finish?: () => void,
): Promise<void> {
  await undoIntents(services, intentsOf(services.database, container, phase), finish);
}

/**
 * Steps of one lane depend on each other, newest first. Lanes 0, 1 and 3 do not, and waiting is most of what they do:
 * the kernel takes 15 ms to unregister an interface. Lane 2 must find no process and no mount any more.
 */
const lanes: Readonly<Record<Step['step'], number>> = {
  runtime: 0,
  cgroup: 0,
  mount: 1,
  network: 3,
  'run-directory': 2,
  layer: 2,
  directory: 2,
};

/** `finish` joins the transaction that forgets the rows, once all are undone: every commit is a sync of the disk. */
export async function undoIntents(
  services: EngineServices,
  intents: readonly Intent[],
  finish?: () => void,
): Promise<void> {
  const done: Intent[] = [];
  const undoLane = async (lane: number) => {
    for (const intent of intents.filter(({ step }) => lanes[step.step] === lane)) {
      await undoStep(services, intent.step);
      done.push(intent);
    }
  };
  try {
    const files = settleAll([undoLane(0), undoLane(1)]).then(() => undoLane(2));
    await settleAll([files, undoLane(3)]);
  } finally {
    const whole = done.length === intents.length;
    if (done.length > 0 || (whole && finish !== undefined))
      services.database.transaction(() => {
        forgetIntents(services.database, done);
        for (const { step } of done)
          if (step.step === 'network') clearAttachments(services.database, step.id);
        if (whole) finish?.();
      });
  }
}

/** Wait for all, then throw what the first of them threw: nothing is left running behind our back. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises))
    if (result.status === 'rejected') throw result.reason;
}

/** A runtime that is not there any more has nothing left to delete, once nothing of the container runs. */
async function undoRuntime(
  services: EngineServices,
  { driver, id }: Extract<Step, { step: 'runtime' }>,
): Promise<void> {
  try {
    const runtime = await runtimeFor(services, driver);
    await runtime.delete(id, { force: true });
  } catch (error) {
    const process = containerById(services.database, id)?.process?.process;
    if (!isStrataError(error, 'unsupported') || (process && services.host.processes.alive(process)))
      throw error;
  }
}

async function undoStep(services: EngineServices, step: Step): Promise<void> {
  const { host } = services;
  switch (step.step) {
    case 'runtime':
      return await undoRuntime(services, step);
    case 'cgroup':
      return await undoCgroup(services, step);
    case 'mount':
      return await host.mounter.unmount(step.target);
    case 'network': {
      const { closeSandbox } = await import('../networks/close-sandbox.ts');
      return await closeSandbox(services, step.id);
    }
    case 'run-directory':
      return await removeBusy(services, step.path);
    case 'directory':
      return await host.files.removeTree(step.path);
    case 'layer':
      return await (await services.layers.open(step.driver)).discard(step.key);
  }
}

/** The monitor of a process that was just killed still writes into it. */
async function removeBusy(services: EngineServices, path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await services.host.files.removeTree(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOTEMPTY' || attempt === 20) throw error;
      await delay(10);
    }
  }
}

async function undoCgroup(services: EngineServices, step: Extract<Step, { step: 'cgroup' }>): Promise<void> {
  const driver = await services.cgroup();
  const ref = step.ref ?? (await plannedCgroup(driver, step));
  if (ref === undefined) return;
  await driver.kill(ref).catch((error: unknown) => {
    if (!isStrataError(error, 'not-found') && errnoOf(error) !== 'ENOENT') throw error;
  });
  await driver.remove(ref);
}

/**
 * Died between making it and writing it down: making it again is how its name is learned. One that the driver refuses
 * to make (a bad parent) was never made.
 */
async function plannedCgroup(
  driver: CgroupDriver,
  { id, parent }: Extract<Step, { step: 'cgroup' }>,
): Promise<CgroupRef | undefined> {
  try {
    return await driver.create(id, {}, parent === undefined ? {} : { parent });
  } catch (error) {
    if (isStrataError(error, 'invalid-argument') || isStrataError(error, 'unsupported')) return undefined;
    throw error;
  }
}
