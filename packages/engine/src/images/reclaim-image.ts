import type { Digest } from '@strata/core';
import { isStrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import type { ImageRecord } from './image-record.ts';
import { lockUnpinned } from './pins.ts';

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

/** A container stands on it; or another removal was quicker; or the driver does not work today. */
const EXPECTED = ['LAYER_IN_USE', 'LAYER_NOT_FOUND', 'DRIVER_UNSUPPORTED', 'DRIVER_UNKNOWN'];

/** Bytes freed; undefined when it is not there or still needed. */
export async function removeLayer(
  services: InternalServices,
  driver: string,
  chainId: Digest,
): Promise<number | undefined> {
  await using unpinned = await lockUnpinned(services, chainId);
  if (unpinned === undefined || services.catalog.uses(chainId)) return undefined;
  try {
    const store = await services.layers.open(driver);
    if (!store.has(chainId)) return undefined;
    const { bytes } = await store.usage(chainId);
    await store.remove(chainId);
    return bytes;
  } catch (error) {
    if (!isStrataError(error) || !EXPECTED.includes(error.code)) throw error;
    if (error.code.startsWith('DRIVER_'))
      services.host.log.warn('a layer stays for a later prune', { driver, chainId });
    return undefined;
  }
}

/** Bytes freed. */
export async function removeBlob(services: InternalServices, digest: Digest): Promise<number> {
  await using unpinned = await lockUnpinned(services, digest);
  if (unpinned === undefined || services.catalog.uses(digest)) return 0;
  const info = await services.imageStore.stat(digest);
  if (info === undefined) return 0;
  await services.imageStore.deleteBlob(digest);
  return info.size;
}
