import { isStrataError } from '@strata/core';
import type { Operation, ResolvedImage } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { findImage } from './find-image.ts';
import { imageErrors } from './image-errors.ts';
import type { ImageLayer } from './image-record.ts';
import { Pins } from './pins.ts';
import { LayerReport } from './pull-progress.ts';
import { unpackStack } from './unpack-stack.ts';

/** Unpack an image that is here for a driver; one index look-up when it was unpacked before. */
export async function ensureUnpacked(
  services: InternalServices,
  image: Pick<ResolvedImage, 'manifest' | 'id'>,
  storage: string,
  operation: Operation = {},
): Promise<string | undefined> {
  const record = services.catalog.get(image.manifest.digest);
  if (record === undefined) throw imageErrors.notFound(image.id);
  const top = record.layers.at(-1);
  if (top === undefined) return undefined;
  const store = await services.layers.open(storage);
  if (store.has(top.chainId)) return top.chainId;
  const unpack = () => unpackHere(services, { layers: record.layers, storage, ...operation });
  try {
    await unpack();
  } catch (error) {
    // A removal took a layer below us that it rightly thought unused a moment ago.
    if (!isStrataError(error, 'LAYER_PARENT_NOT_FOUND')) throw error;
    await unpack();
  }
  return top.chainId;
}

/** `strata image unpack`. */
export async function unpackImage(
  services: InternalServices,
  reference: string,
  options: Operation & { readonly storage?: string } = {},
): Promise<void> {
  const { record } = await findImage(services, reference);
  const storage = await services.layers.select(options.storage);
  await ensureUnpacked(services, { id: record.config.digest, manifest: record.manifest }, storage, options);
}

async function unpackHere(
  services: InternalServices,
  request: Operation & { readonly layers: readonly ImageLayer[]; readonly storage: string },
): Promise<void> {
  const { layers, storage, signal, onProgress } = request;
  await using pins = new Pins(services);
  await pins.add(layers.flatMap((layer) => [layer.blob.digest, layer.chainId]));
  await unpackStack(services, {
    store: await services.layers.open(storage),
    layers,
    blobs: {
      begun: async (index) => {
        const { digest } = layers[index]!.blob;
        if ((await services.imageStore.stat(digest)) === undefined) throw imageErrors.blobMissing(digest);
        return undefined;
      },
      arrived: async () => undefined,
    },
    report: new LayerReport(layers, onProgress),
    signal: signal === undefined ? services.signal : AbortSignal.any([signal, services.signal]),
  });
}
