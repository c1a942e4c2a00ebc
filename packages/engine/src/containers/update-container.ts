import type { Resources } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { containerById, findContainer, updateContainer } from './state/container-store.ts';
import { cgroupOf } from './state/journal.ts';

/** update: the live cgroup first, for the kernel may refuse; then what the next start uses. */
export async function updateLimits(
  services: EngineServices,
  reference: string,
  resources: Resources,
): Promise<void> {
  const { id } = findContainer(services.database, reference);
  await withContainerLock(services, id, async () => {
    const record = containerById(services.database, id) ?? findContainer(services.database, reference);
    // Limits depend on each other (memory and memory+swap), so the driver judges all of them, as at the next start.
    const config = { ...record.config, resources: { ...record.config.resources, ...resources } };
    const cgroup = isActive(record) ? cgroupOf(services.database, id) : undefined;
    if (cgroup !== undefined) await (await services.cgroup()).update(cgroup, config.resources);
    else await tryLimits(services, record, config.resources);
    services.database.transaction(() => {
      updateContainer(services.database, id, { config });
      emitContainer(services, record, 'update');
    });
  });
}

/** A stopped container would only fail at its next start, so the limits are set on a cgroup made for that. */
async function tryLimits(
  services: EngineServices,
  { id, config }: ContainerRecord,
  resources: Resources,
): Promise<void> {
  const driver = await services.cgroup();
  const parent = config.cgroupParent === undefined ? {} : { parent: config.cgroupParent };
  await driver.remove(await driver.create(id, resources, parent));
}
