/** Volumes of a container: their rows with its row, their directories and first contents when it is mounted. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@strata/core';
import type { BindRequest } from '../api/containers.ts';
import type { ContainerConfig } from '../containers/container-config.ts';
import { realInside, statType } from '../containers/rootfs/resolve-inside.ts';
import type { EngineServices } from '../services.ts';
import { volumeData, volumeDirectory, volumesDirectory } from './volume-paths.ts';
import { insertVolume, useVolume } from './volume-store.ts';

/** In the transaction of the container's row: from then on nobody removes them. */
export function recordVolumes(database: Database, container: string, config: ContainerConfig): void {
  for (const { type, source, anonymous } of config.mounts) {
    if (type !== 'volume' || source === undefined) continue;
    insertVolume(database, { name: source, anonymous: anonymous === true, labels: {} });
    useVolume(database, container, source);
  }
}

/** The same with volumes as binds of their directories, which exist after this. */
export async function bindVolumes<T extends Pick<ContainerConfig, 'mounts'>>(
  services: EngineServices,
  config: T,
): Promise<T> {
  if (!config.mounts.some(({ type }) => type === 'volume')) return config;
  await mkdir(volumesDirectory(services), { recursive: true, mode: 0o711 });
  const mounts: BindRequest[] = [];
  for (const mount of config.mounts) {
    if (mount.type !== 'volume') mounts.push(mount);
    else {
      const source = volumeData(services, mount.source as string);
      await mkdir(source, { recursive: true, mode: 0o755 });
      mounts.push({ ...mount, type: 'bind', source });
    }
  }
  return { ...config, mounts };
}

/** An empty volume gets what the image has at its place, with owners and modes, as Docker does. */
export async function fillVolumes(
  services: EngineServices,
  { config, rootfs }: { config: ContainerConfig; rootfs: string },
): Promise<void> {
  for (const { type, source, target, noCopy } of config.mounts) {
    if (type !== 'volume' || source === undefined || noCopy === true) continue;
    const volume = volumeData(services, source);
    if ((await readdir(volume)).length > 0) continue;
    await using _lock = await services.host.locks.acquire(services.paths.lock('name', `volume:${source}`), {
      signal: services.signal,
    });
    if ((await readdir(volume)).length > 0 || isMounted(services, source)) continue;
    using tree = services.host.files.openTree(rootfs);
    if (statType(tree, target) !== 'directory') continue;
    // Complete or not there at all: a crash in the middle fills it again. Renamed over the empty directory.
    const filling = join(volumeDirectory(services, source), 'filling');
    await rm(filling, { recursive: true, force: true });
    await services.host.files.copyTree(join(rootfs, realInside(tree, target)), filling);
    await rename(filling, volume);
  }
}

/** Is it in a container that runs? Then its directory stays the one it is. */
function isMounted({ database }: EngineServices, volume: string): boolean {
  const row = database.get(
    `SELECT 1 FROM volume_uses JOIN containers ON id = container
     WHERE volume = ? AND status IN ('running', 'paused')`,
    volume,
  );
  return row !== undefined;
}
