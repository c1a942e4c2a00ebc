import { mkdir } from 'node:fs/promises';
import { type Mount, StrataError } from '@strata/core';
import type { CreateRequest } from '../api/containers.ts';
import type { Operation } from '../api/images.ts';
import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { limitDisk } from './disk-quota.ts';
import { withInventedName } from './names.ts';
import { type ContainerPlan, planContainer, recordPlan } from './plan-container.ts';
import { abandonContainer } from './remove-container.ts';
import { type NewContainer, updateContainer } from './state/container-store.ts';
import type { Step } from './state/journal.ts';

/** create: plan → record → directory and layer → `created`. */
export function createContainer(services: EngineServices, request: CreateRequest): Promise<ContainerPlan> {
  return withInventedName(request.name, () => createOnce(services, request));
}

async function createOnce(services: EngineServices, request: CreateRequest): Promise<ContainerPlan> {
  const plan = await planContainer(services, request);
  const { container } = plan;
  await withContainerLock(services, container.id, async () => {
    recordPlan(services, plan, creationSteps(services, container));
    try {
      await makeContainer(services, container);
      throwIfCancelled(request);
    } catch (error) {
      await abandonContainer(services, container.id);
      throw error;
    }
    services.database.transaction(() => {
      updateContainer(services.database, container.id, { status: 'created', lease: null });
      emitContainer(services, container, 'create');
    });
  });
  return plan;
}

/** @throws aborted `ABORTED` */
export function throwIfCancelled({ signal }: Operation): void {
  if (signal?.aborted === true)
    throw new StrataError('aborted', 'ABORTED', 'Cancelled; the container was not started');
}

export function creationSteps(services: EngineServices, { id, storage }: NewContainer): Step[] {
  return [
    { step: 'directory', path: services.paths.container(id) },
    { step: 'layer', driver: storage, key: id },
  ];
}

/** What the steps announced. Returns how to mount the new layer. */
export async function makeContainer(
  services: EngineServices,
  { id, storage, config }: NewContainer,
): Promise<readonly Mount[]> {
  const layers = await services.layers.open(storage);
  await mkdir(services.paths.container(id), { mode: 0o700 });
  const mounts = await layers.prepare(id, config.parent ?? '');
  if (config.diskSize === undefined) return mounts;
  await limitDisk(layers, id, config);
  return config.diskBacking === undefined ? mounts : await layers.mounts(id);
}
