/** Anonymous volumes: the image's VOLUMEs as directories of the container, filled from the image once. */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@strata/core';
import type { EngineServices } from '../../services.ts';
import type { ContainerConfig } from '../container-config.ts';
import { realInside, statType } from './resolve-inside.ts';

export async function fillVolumes(
  services: EngineServices,
  { config, rootfs, directory }: { config: ContainerConfig; rootfs: string; directory: string },
): Promise<void> {
  for (const [n, target] of config.volumes.entries()) {
    const volume = join(directory, 'volumes', String(n));
    if (await exists(volume)) continue;
    await mkdir(join(directory, 'volumes'), { recursive: true, mode: 0o711 });
    // Complete or not there at all: a crash in the middle fills it again.
    const filling = `${volume}.filling`;
    await rm(filling, { recursive: true, force: true });
    using tree = services.host.files.openTree(rootfs);
    if (statType(tree, target) === 'directory')
      await services.host.files.copyTree(join(rootfs, realInside(tree, target)), filling);
    else await mkdir(filling, { mode: 0o755 });
    await rename(filling, volume);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
