import type { VolumeSummary, VolumesApi } from '../api/volumes.ts';
import type { EngineServices } from '../services.ts';

/** One line per verb; each loads its own use case. */
export function createVolumesApi(services: EngineServices): VolumesApi {
  return {
    create: async (request) => (await import('./volume-use-cases.ts')).createVolume(services, request),
    list: async (filter) => {
      const found = (await import('./volume-use-cases.ts')).listVolumes(services, filter);
      return filter?.size === true ? await withSizes(services, found) : found;
    },
    inspect: async (volume) => (await import('./volume-use-cases.ts')).inspectVolume(services, volume),
    remove: async (volume) => (await import('./remove-volume.ts')).removeVolume(services, volume),
    prune: async (options) => (await import('./remove-volume.ts')).pruneVolumes(services, options),
  };
}

async function withSizes(
  services: EngineServices,
  volumes: readonly VolumeSummary[],
): Promise<VolumeSummary[]> {
  const { bytesOf } = await import('./remove-volume.ts');
  return Promise.all(
    volumes.map(async (volume) => ({ ...volume, bytes: await bytesOf(services, volume.name) })),
  );
}
