import type { Resources } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { isActive } from './state/container-record.ts';
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
    const cgroup = isActive(record) ? cgroupOf(services.database, id) : undefined;
    if (cgroup !== undefined) await (await services.cgroup()).update(cgroup, resources);
    services.database.transaction(() => {
      const config = { ...record.config, resources: { ...record.config.resources, ...resources } };
      updateContainer(services.database, id, { config });
      emitContainer(services, record, 'update');
    });
  });
}
