/** `strata check` for volumes: rows and directories compared. Nothing a user wrote is ever removed. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { containerById } from '../containers/state/container-store.ts';
import type { EngineServices } from '../services.ts';
import { namesIn } from '../state/names-in.ts';
import type { Findings } from '../system/findings.ts';
import { removeVolume } from './remove-volume.ts';
import { isVolumeName, volumeData, volumesDirectory } from './volume-paths.ts';
import { allVolumes, insertVolume, usersOf, volumeByName } from './volume-store.ts';

export async function checkVolumes(services: EngineServices, findings: Findings): Promise<void> {
  for (const { name, state } of allVolumes(services.database)) {
    if (state === 'removing')
      await findings.add({
        code: 'VOLUME_HALF_REMOVED',
        message: `The removal of the volume ${name} was interrupted`,
        subject: name,
        repair: 'finish the removal',
        fix: () => removeVolume(services, name),
      });
    else if (wasUsed(services, name) && !existsSync(volumeData(services, name)))
      await findings.add({
        code: 'VOLUME_MISSING',
        message: `The directory of the volume ${name} is gone, and with it what containers wrote there`,
        subject: name,
        repair: 'make it again, empty',
        fix: () => mkdir(volumeData(services, name), { recursive: true, mode: 0o755 }),
      });
  }
  await checkDirectories(services, findings);
}

/** A row is written before its directory, which the first start of a container makes. */
function wasUsed({ database }: EngineServices, name: string): boolean {
  return usersOf(database, name).some((id) => containerById(database, id)?.started !== undefined);
}

/** A row goes after its directory, so only a store that was put back from a copy lacks one. */
async function checkDirectories(services: EngineServices, findings: Findings): Promise<void> {
  const { database } = services;
  const directory = volumesDirectory(services);
  for (const name of await namesIn(directory)) {
    if (isVolumeName(name) && volumeByName(database, name) !== undefined) continue;
    const path = join(directory, name);
    const usable = isVolumeName(name) && existsSync(join(path, '_data'));
    await findings.add({
      code: 'VOLUME_WITHOUT_ROW',
      message: `The directory ${path} belongs to no volume`,
      subject: path,
      ...(usable
        ? {
            repair: `list it as the volume ${name}`,
            fix: async () => insertVolume(database, { name, anonymous: false, labels: {} }),
          }
        : {}),
    });
  }
}
