import type { ContainerFilter, ContainerSummary } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { reviveKeeper } from './keeper/start-keeper.ts';
import { summaries } from './queries.ts';
import { reapAll } from './reap-container.ts';
import { ownBytes } from './remove-container.ts';
import { containerById } from './state/container-store.ts';

/** As `queries.ts`, and what ended unseen is reaped on the way; sizes on request. */
export async function listAndReap(
  services: EngineServices,
  filter: ContainerFilter = {},
): Promise<readonly ContainerSummary[]> {
  await reapAll(services);
  await reviveKeeper(services);
  const found = summaries(services.database, filter);
  if (filter.size !== true) return found;
  return await Promise.all(
    found.map(async (summary) => ({ ...summary, size: await sizeOf(services, summary) })),
  );
}

export async function sizeOf(
  services: EngineServices,
  { id, storage }: Pick<ContainerSummary, 'id' | 'storage'>,
): Promise<{ own: number; virtual: number }> {
  const record = containerById(services.database, id);
  if (record === undefined) return { own: 0, virtual: 0 };
  const own = await ownBytes(services, record);
  let virtual = own;
  try {
    const layers = await services.layers.open(storage);
    for (let name = record.config.parent; name !== undefined && name !== ''; ) {
      virtual += (await layers.usage(name)).bytes;
      name = (await layers.stat(name)).parent;
    }
  } catch {
    // Its image is being removed: what is known is shown.
  }
  return { own, virtual };
}
