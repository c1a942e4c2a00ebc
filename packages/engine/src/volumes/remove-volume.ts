import { isStrataError, StrataError } from '@strata/core';
import type { VolumesApi } from '../api/volumes.ts';
import { hasLabel } from '../containers/container-filter.ts';
import type { EngineServices } from '../services.ts';
import { volumeDirectory } from './volume-paths.ts';
import { allVolumes, deleteVolume, markRemoving, usersOf } from './volume-store.ts';
import { emitVolume, findVolume } from './volume-use-cases.ts';

/** Refuse what is used → mark `removing`, in one transaction with the question → files → row. Finishes a begun one. */
export async function removeVolume(services: EngineServices, name: string): Promise<void> {
  const { database, host } = services;
  findVolume(services, name);
  database.transaction(() => {
    const users = usersOf(database, name);
    if (users.length > 0)
      throw new StrataError(
        'failed-precondition',
        'VOLUME_IN_USE',
        `Volume ${name} is in use by container ${users.map((id) => id.slice(0, 12)).join(', ')}`,
        { hint: 'Remove the containers first' },
      );
    markRemoving(database, name);
  });
  await host.files.removeTree(volumeDirectory(services, name));
  database.transaction(() => {
    deleteVolume(database, name);
    emitVolume(services, name, 'destroy');
  });
}

/** What was made for a container goes with it, unless another container uses it too. */
export async function removeUnused(services: EngineServices, names: readonly string[]): Promise<void> {
  for (const name of names)
    await removeVolume(services, name).catch((error: unknown) => {
      if (!isStrataError(error, 'VOLUME_IN_USE') && !isStrataError(error, 'VOLUME_NOT_FOUND')) throw error;
    });
}

export async function pruneVolumes(
  services: EngineServices,
  options: Parameters<VolumesApi['prune']>[0] = {},
): Promise<{ removed: string[]; reclaimedBytes: number }> {
  const removed: string[] = [];
  let reclaimedBytes = 0;
  for (const { name, anonymous, labels } of allVolumes(services.database)) {
    if (!anonymous && options.all !== true) continue;
    if (!(options.labels ?? []).every((wanted) => wantedLabel(labels, wanted))) continue;
    if (usersOf(services.database, name).length > 0) continue;
    const bytes = await bytesOf(services, name);
    try {
      await removeVolume(services, name);
    } catch (error) {
      // Taken by a container, or removed by somebody else, in the meantime.
      services.host.log.debug('not pruned', { volume: name, error: String(error) });
      continue;
    }
    removed.push(name);
    reclaimedBytes += bytes;
  }
  return { removed, reclaimedBytes };
}

/** `x`, `x=y`, and Docker's `!x`. */
function wantedLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  return wanted.startsWith('!') ? !hasLabel(labels, wanted.slice(1)) : hasLabel(labels, wanted);
}

export async function bytesOf(services: EngineServices, name: string): Promise<number> {
  try {
    return (await services.host.files.usage(volumeDirectory(services, name))).bytes;
  } catch {
    return 0;
  }
}
