import { rmSync } from 'node:fs';
import type { EngineServices } from '../services.ts';

/** One at a time per container, across processes; the kernel frees the lock of a process that dies. */
export async function withContainerLock<T>(
  services: EngineServices,
  id: string,
  body: () => Promise<T>,
): Promise<T> {
  const path = services.paths.lock('container', id);
  await using _lock = await services.host.locks.acquire(path, { signal: services.signal });
  try {
    return await body();
  } finally {
    // Of one that was removed before we came: its remover took the file away, and we have made it anew. Ids are never used
    // again, and whoever waits for the lock finds no row either.
    const row = services.database.get('SELECT 1 FROM containers WHERE id = ?', id);
    if (row === undefined) rmSync(path, { force: true });
  }
}
