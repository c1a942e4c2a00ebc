import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { checkName } from './names.ts';
import { reapLocked } from './reap-container.ts';
import { isActive } from './state/container-record.ts';
import { findContainer, nameTaken, updateContainer } from './state/container-store.ts';

/** rename: the row, then what the others of its networks find it by; both or neither. */
export async function renameContainer(
  services: EngineServices,
  reference: string,
  newName: string,
): Promise<void> {
  const name = checkName(newName);
  const { database } = services;
  const { id } = findContainer(database, reference);
  await withContainerLock(services, id, async () => {
    await reapLocked(services, id);
    const record = findContainer(database, id);
    take(services, id, name);
    try {
      if (isActive(record) && record.config.sandbox === true)
        await (await import('../networks/rename-endpoints.ts')).renameEndpoints(services, {
          ...record,
          name,
        });
    } catch (error) {
      updateContainer(database, id, { name: record.name });
      throw error;
    }
    emitContainer(services, { ...record, name }, 'rename', { oldName: record.name });
  });
}

function take({ database }: EngineServices, id: string, name: string): void {
  database.transaction(() => {
    const holder = database.get<{ id: string }>('SELECT id FROM containers WHERE name = ?', name);
    if (holder !== undefined) throw nameTaken(name, holder.id);
    updateContainer(database, id, { name });
  });
}
