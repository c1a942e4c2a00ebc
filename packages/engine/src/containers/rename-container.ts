import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { checkName } from './names.ts';
import { findContainer, nameTaken, updateContainer } from './state/container-store.ts';

export async function renameContainer(
  services: EngineServices,
  reference: string,
  newName: string,
): Promise<void> {
  const name = checkName(newName);
  const { database } = services;
  database.transaction(() => {
    const record = findContainer(database, reference);
    const holder = database.get<{ id: string }>('SELECT id FROM containers WHERE name = ?', name);
    if (holder !== undefined) throw nameTaken(name, holder.id);
    updateContainer(database, record.id, { name });
    emitContainer(services, { ...record, name }, 'rename', { oldName: record.name });
  });
}
