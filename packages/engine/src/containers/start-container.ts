import { isStrataError, StrataError } from '@strata/core';
import type { Session } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { type LaunchOptions, launchContainer, runSteps } from './launch-container.ts';
import { reapLocked } from './reap-container.ts';
import { runtimeFor } from './runtime.ts';
import { containerSession } from './session.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { findContainer, updateContainer } from './state/container-store.ts';
import { planSteps } from './state/journal.ts';
import { notRunning, pausedError, type StopOptions, stopContainer } from './stop-container.ts';
import { undoSteps } from './undo.ts';

/** start: the same run steps as `run`, over the layer that is there. Fine when it runs already, but not when it is paused. */
export async function startContainer(
  services: EngineServices,
  reference: string,
  options: LaunchOptions,
): Promise<Session> {
  const { id } = findContainer(services.database, reference);
  return await withContainerLock(services, id, async () => {
    const record = await reapLocked(services, id);
    if (record === undefined || record.status === 'removing' || record.status === 'creating')
      throw new StrataError(
        'failed-precondition',
        'CONTAINER_REMOVING',
        `Container ${reference} is being removed`,
      );
    if (record.status === 'paused') throw pausedError(record);
    if (isActive(record)) return await joinRunning(services, record, options.attach);
    updateContainer(services.database, id, { stopped: false, restarts: 0, shortRuns: 0 });
    return await startLocked(services, id, options);
  });
}

/** Of one that does not run. The caller holds the lock. */
export async function startLocked(
  services: EngineServices,
  id: string,
  options: LaunchOptions,
): Promise<Session> {
  const record = findContainer(services.database, id);
  // What a run that died with its process left is in the way of the next.
  await undoSteps(services, id, 'run');
  services.database.transaction(() => {
    planSteps(services.database, id, runSteps(services, record));
    updateContainer(services.database, id, { lease: services.host.processes.self });
  });
  try {
    const layers = await services.layers.open(record.storage);
    return await launchContainer(services, record, await layers.mounts(id), options);
  } catch (error) {
    await undoSteps(services, id, 'run');
    recordFailure(services, record, error);
    throw error;
  }
}

export async function restartContainer(
  services: EngineServices,
  reference: string,
  options: StopOptions = {},
): Promise<void> {
  const found = findContainer(services.database, reference);
  await stopContainer(services, found.id, { ...options, keep: true });
  const session = await startContainer(services, found.id, { attach: false });
  await session[Symbol.asyncDispose]();
  emitContainer(services, found, 'restart');
}

async function joinRunning(
  services: EngineServices,
  record: ContainerRecord,
  attach: boolean,
): Promise<Session> {
  const process = record.process;
  if (process === undefined)
    throw new StrataError('internal', 'CONTAINER_WITHOUT_PROCESS', 'No process is recorded');
  const runtime = await runtimeFor(services, record.config.runtime);
  const streams = attach ? await runtime.attach(process) : undefined;
  const started = record.started ?? new Date(0);
  return containerSession(services, { container: record, process, started, runtime, streams });
}

/** attach: to what runs. */
export async function attachContainer(services: EngineServices, reference: string): Promise<Session> {
  const record = findContainer(services.database, reference);
  if (record.status === 'paused') throw pausedError(record);
  if (record.status !== 'running' || record.process === undefined || !alive(services, record))
    throw notRunning(record);
  return await joinRunning(services, record, true);
}

function alive(services: EngineServices, { process }: ContainerRecord): boolean {
  return process !== undefined && services.host.processes.alive(process.monitor);
}

/** Docker: a start that failed leaves the container as it was, with the exit code of the failure. */
function recordFailure(services: EngineServices, record: ContainerRecord, error: unknown): void {
  const known = isStrataError(error) ? error : undefined;
  updateContainer(services.database, record.id, {
    status: record.started === undefined ? 'created' : 'exited',
    exitCode: known?.exitCode ?? 125,
    finished: new Date(),
    process: null,
    error: known?.message ?? String(error),
    lease: null,
  });
}
