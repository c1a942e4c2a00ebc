import type { Digest } from '@strata/core';
import { isStrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import type { ImageRecord } from './image-record.ts';
import { isPinned } from './pins.ts';

export interface Reclaimed {
  /** ChainIDs removed on at least one driver, top first. */
  readonly layers: readonly Digest[];
  readonly bytes: number;
}

/** Free what only this image used: its row is gone already. Safe against pulls and runs at the same moment. */
export async function reclaimImage(services: InternalServices, record: ImageRecord): Promise<Reclaimed> {
  const layers = new Set<Digest>();
  let bytes = 0;
  for (const driver of services.layers.inUse()) {
    for (const chainId of record.layers.map((layer) => layer.chainId).reverse()) {
      const freed = await removeLayer(services, driver, chainId);
      if (freed === undefined) continue;
      layers.add(chainId);
      bytes += freed;
    }
  }
  const blobs = [
    ...record.layers.map((layer) => layer.blob.digest),
    record.config.digest,
    record.manifest.digest,
  ];
  for (const digest of new Set(blobs)) bytes += await removeBlob(services, digest);
  return { layers: [...layers], bytes };
}

/** Bytes freed; undefined when it is not there or still needed. */
export async function removeLayer(
  services: InternalServices,
  driver: string,
  chainId: Digest,
): Promise<number | undefined> {
  if (isNeeded(services, chainId)) return undefined;
  try {
    const store = await services.layers.open(driver);
    if (!store.has(chainId)) return undefined;
    await using _lock = await services.host.locks.acquire(
      services.paths.lock('layer', `${driver}:${chainId}`),
    );
    if (isNeeded(services, chainId)) return undefined;
    const { bytes } = await store.usage(chainId);
    await store.remove(chainId);
    return bytes;
  } catch (error) {
    // A container stands on it; or another removal was quicker; or the driver does not work today.
    const expected = ['LAYER_IN_USE', 'LAYER_NOT_FOUND', 'DRIVER_UNSUPPORTED', 'DRIVER_UNKNOWN'];
    if (!isStrataError(error) || !expected.includes(error.code)) throw error;
    if (error.code.startsWith('DRIVER_'))
      services.host.log.warn('layers stay for a later prune', { driver, chainId });
    return undefined;
  }
}

export async function removeBlob(services: InternalServices, digest: Digest): Promise<number> {
  if (isNeeded(services, digest)) return 0;
  await using _lock = await services.host.locks.acquire(services.paths.lock('blob', digest));
  if (isNeeded(services, digest)) return 0;
  const info = await services.imageStore.stat(digest);
  if (info === undefined) return 0;
  await services.imageStore.deleteBlob(digest);
  return info.size;
}

function isNeeded({ catalog, database, host }: InternalServices, digest: Digest): boolean {
  return catalog.uses(digest) || isPinned(database, host.processes, digest);
}
