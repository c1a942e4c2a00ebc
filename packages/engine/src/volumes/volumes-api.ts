import type { VolumesApi } from '../api/volumes.ts';
import type { EngineServices } from '../services.ts';

/** One line per verb; each loads its own use case. */
export function createVolumesApi(services: EngineServices): VolumesApi {
  return {
    create: async (request) => (await import('./volume-use-cases.ts')).createVolume(services, request),
    list: async (filter) => (await import('./volume-use-cases.ts')).listVolumes(services, filter),
    inspect: async (volume) => (await import('./volume-use-cases.ts')).inspectVolume(services, volume),
    remove: async (volume) => (await import('./remove-volume.ts')).removeVolume(services, volume),
    prune: async (options) => (await import('./remove-volume.ts')).pruneVolumes(services, options),
  };
}
