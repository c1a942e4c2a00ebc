import type { StorageApi } from '../api/storage.ts';
import type { InternalServices } from '../internal-services.ts';

export function createStorageApi(services: InternalServices): StorageApi {
  return {
    drivers: async (kind) => (await import('./driver-status.ts')).driverStatuses(services, kind),
    select: async (id) => (await import('./select-storage.ts')).selectStorage(services, id),
    init: async (driver, options) => (await import('./init-pool.ts')).initPool(services, driver, options),
    snapshotter: async (request) =>
      (await import('./open-snapshotter.ts')).openSnapshotter(services, request),
    migrate: async (request) =>
      (await import('../migrate/migrate-container.ts')).migrateContainer(services, request),
    prune: async () => (await import('./prune-layers.ts')).pruneLayers(services),
  };
}
