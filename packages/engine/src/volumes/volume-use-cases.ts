import { mkdir } from 'node:fs/promises';
import { StrataError } from '@strata/core';
import type { VolumeFilter, VolumeSummary, VolumesApi } from '../api/volumes.ts';
import { hasLabel } from '../containers/container-filter.ts';
import type { EngineServices } from '../services.ts';
import { randomHex } from '../state/random.ts';
import { checkVolumeName, volumeData } from './volume-paths.ts';
import { allVolumes, insertVolume, usersOf, type VolumeRecord, volumeByName } from './volume-store.ts';

export async function createVolume(
  services: EngineServices,
  request: Parameters<VolumesApi['create']>[0] = {},
): Promise<VolumeSummary> {
  const name = request.name === undefined ? randomHex(32) : checkVolumeName(request.name);
  const labels = { ...request.labels };
  services.database.transaction(() => {
    const made = insertVolume(services.database, { name, anonymous: request.name === undefined, labels });
    if (made) emitVolume(services, name, 'create');
  });
  await mkdir(volumeData(services, name), { recursive: true, mode: 0o755 });
  return summaryOf(services, findVolume(services, name));
}

export function listVolumes(services: EngineServices, filter: VolumeFilter = {}): VolumeSummary[] {
  const { names, labels, drivers, dangling } = filter;
  return allVolumes(services.database)
    .map((volume) => summaryOf(services, volume))
    .filter(
      (volume) =>
        (names === undefined || names.some((part) => volume.name.includes(part))) &&
        (labels === undefined || labels.every((wanted) => hasLabel(volume.labels, wanted))) &&
        (drivers === undefined || drivers.includes(volume.driver)) &&
        (dangling === undefined || (volume.containers.length === 0) === dangling),
    );
}

export function inspectVolume(services: EngineServices, name: string): Record<string, unknown> {
  const volume = summaryOf(services, findVolume(services, name));
  return {
    CreatedAt: volume.created.toISOString(),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: null,
    Scope: 'local',
  };
}

/** @throws not-found */
export function findVolume({ database }: EngineServices, name: string): VolumeRecord {
  const found = volumeByName(database, name);
  if (found !== undefined) return found;
  throw new StrataError('not-found', 'VOLUME_NOT_FOUND', `No such volume: ${name}`, {
    hint: 'strata volume ls lists the volumes',
  });
}

export function emitVolume(services: EngineServices, name: string, action: string): void {
  services.events.emit({ type: 'volume', action, id: name, attributes: { driver: 'local' } });
}

function summaryOf(services: EngineServices, volume: VolumeRecord): VolumeSummary {
  const { name, labels, created, anonymous } = volume;
  return {
    name,
    driver: 'local',
    mountpoint: volumeData(services, name),
    labels,
    created,
    anonymous,
    containers: usersOf(services.database, name),
  };
}
