/** Volumes of a container: their rows with its row, their directories and first contents when it is mounted. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Database } from '@strata/core';
import type { BindRequest } from '../api/containers.ts';
import type { ContainerConfig } from '../containers/container-config.ts';
import { realInside, statType } from '../containers/rootfs/resolve-inside.ts';
import type { EngineServices } from '../services.ts';
import { volumeData, volumeDirectory, volumesDirectory } from './volume-paths.ts';
import { insertVolume, useVolume } from './volume-store.ts';

const here = Buffer.from('.');

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

/**
 * An empty volume gets what the image has at its place, with owners and modes, as Docker does; also one that another
 * container has mounted, so its directory stays the one it is. `ofImage`: it was there before mountpoints were made.
 */
export async function fillVolumes(
  services: EngineServices,
  { config, rootfs, ofImage }: { config: ContainerConfig; rootfs: string; ofImage(target: string): boolean },
): Promise<void> {
  for (const { type, source, target, noCopy } of config.mounts) {
    if (type !== 'volume' || source === undefined || noCopy === true) continue;
    const volume = volumeData(services, source);
    const filled = join(volumeDirectory(services, source), 'filled');
    const isFull = async () => !existsSync(filled) && (await readdir(volume)).length > 0;
    if (await isFull()) continue;
    await using _lock = await services.host.locks.acquire(services.paths.lock('name', `volume:${source}`), {
      signal: services.signal,
    });
    if (await isFull()) continue;
    if (!existsSync(filled)) {
      using tree = services.host.files.openTree(rootfs);
      if (!ofImage(target) || statType(tree, target) !== 'directory') continue;
      // Complete or not there at all: a crash in the middle fills it again.
      const filling = join(volumeDirectory(services, source), 'filling');
      await rm(filling, { recursive: true, force: true });
      await services.host.files.copyTree(join(rootfs, realInside(tree, target)), filling);
      await rename(filling, filled);
    }
    await pour(services, filled, volume);
  }
}

/** After a crash in the middle the next who fills it goes on. What a container wrote meanwhile stays. */
async function pour(services: EngineServices, filled: string, volume: string): Promise<void> {
  using from = services.host.files.openTree(filled);
  using both = services.host.files.openTree(dirname(volume));
  for (const { name } of from.readdir(here)) {
    const target = Buffer.concat([Buffer.from(`${basename(volume)}/`), name]);
    if (both.lstat(target) === undefined)
      both.rename(Buffer.concat([Buffer.from(`${basename(filled)}/`), name]), target);
  }
  using to = services.host.files.openTree(volume);
  const { uid, gid, mode, mtimeNs } = from.lstat(here)!;
  to.chown(here, uid, gid);
  to.chmod(here, mode);
  for (const [name, value] of from.xattrs(here)) to.setXattr(here, name, value);
  to.utimes(here, mtimeNs);
  await services.host.files.removeTree(filled);
}
