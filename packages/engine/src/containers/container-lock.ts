import type { EngineServices } from '../services.ts';

/** One at a time per container, across processes; the kernel frees the lock of a process that dies. */
export async function withContainerLock<T>(
  services: EngineServices,
  id: string,
  body: () => Promise<T>,
): Promise<T> {
  await using _lock = await services.host.locks.acquire(services.paths.lock('container', id), {
    signal: services.signal,
  });
  return await body();
}
