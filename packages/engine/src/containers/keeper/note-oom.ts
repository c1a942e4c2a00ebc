import type { EngineServices } from '../../services.ts';
import { emitContainer } from '../container-events.ts';
import { type ContainerRecord, isActive } from '../state/container-record.ts';
import { allContainers, containerById, updateContainer } from '../state/container-store.ts';
import { cgroupOf } from '../state/journal.ts';

/**
 * Out-of-memory kills while a container goes on: recorded and told once per run, by whoever looks first. Without
 * somebody who looks (the keeper, `events`, `inspect`) the end of the container tells.
 */
export async function noteOom(
  services: EngineServices,
  records = allContainers(services.database, "status IN ('running', 'paused') AND oom_killed = 0"),
): Promise<void> {
  for (const record of records)
    if (!record.oomKilled && (await hadOom(services, record))) note(services, record);
}

async function hadOom(services: EngineServices, { id }: ContainerRecord): Promise<boolean> {
  const ref = cgroupOf(services.database, id);
  if (ref === undefined) return false;
  const driver = await services.cgroup();
  if (!driver.capabilities.stats) return false;
  // One that ends meanwhile tells at its end.
  return await driver.stats(ref).then(
    ({ oomKills }) => oomKills > 0,
    () => false,
  );
}

function note(services: EngineServices, { id, started }: ContainerRecord): void {
  services.database.transaction(() => {
    const record = containerById(services.database, id);
    if (record === undefined || record.oomKilled || !isActive(record)) return;
    if (record.started?.getTime() !== started?.getTime()) return;
    updateContainer(services.database, id, { oomKilled: true });
    emitContainer(services, record, 'oom');
  });
}
