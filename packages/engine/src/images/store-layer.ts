/** Layer tars into the image store: made from a directory, or taken from a stream. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangesSource, WriteLayerInput, WrittenBlob } from '@strata/archive';
import type { Descriptor, Digest } from '@strata/core';
import { isBlobInfo } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import { jobModule } from '../jobs.ts';
import type { Pins } from './pins.ts';
import { putBlob } from './record-image.ts';

export interface StoredLayer {
  readonly blob: Descriptor;
  readonly diffId: Digest;
  readonly uncompressedBytes: number;
}

interface ChangesRequest {
  readonly source: ChangesSource;
  readonly signal: AbortSignal;
  /** The tree is not needed any more. */
  readonly onWritten?: () => Promise<void>;
}

/** Changes → reproducible tar → gzip → blob. */
export async function storeChanges(
  services: InternalServices,
  pins: Pins,
  request: ChangesRequest,
): Promise<StoredLayer> {
  return (await storeSmall(services, pins, request)) ?? (await storeByWorker(services, pins, request));
}

async function storeSmall(
  { host, imageStore }: InternalServices,
  pins: Pins,
  { source, onWritten }: ChangesRequest,
): Promise<StoredLayer | undefined> {
  const { packLayerTar, smallLayerTar } = await import('@strata/archive');
  const tar = smallLayerTar(source, host.files.openTree);
  if (tar === undefined) return undefined;
  await onWritten?.();
  const { bytes, ...written } = packLayerTar(tar);
  await pins.add([written.digest as Digest]);
  await putBlob(imageStore, written.digest as Digest, bytes);
  return storedLayer(written);
}

async function storeByWorker(
  services: InternalServices,
  pins: Pins,
  request: ChangesRequest,
): Promise<StoredLayer> {
  const path = join(services.paths.temporary, `layer-${randomUUID()}`);
  try {
    const written = await services.host.workers.run<WriteLayerInput, unknown, WrittenBlob>(
      jobModule('write-layer'),
      { source: request.source, output: { path, compression: 'gzip' } },
      { signal: request.signal },
    );
    await request.onWritten?.();
    const digest = written.digest as Digest;
    await pins.add([digest]);
    await ingestFile(services, { digest, size: written.size, path });
    return await storedLayer(written);
  } finally {
    await rm(path, { force: true });
  }
}

async function storedLayer({ digest, diffId, size, uncompressedSize }: WrittenBlob): Promise<StoredLayer> {
  const { mediaTypes } = await import('@strata/oci');
  return {
    blob: { mediaType: mediaTypes.ociLayerGzip, digest: digest as Digest, size },
    diffId: diffId as Digest,
    uncompressedBytes: uncompressedSize,
  };
}

export async function ingestFile(
  { imageStore }: Pick<InternalServices, 'imageStore'>,
  file: { readonly digest: Digest; readonly size: number; readonly path: string },
): Promise<void> {
  if ((await imageStore.stat(file.digest)) !== undefined) return;
  const writer = await imageStore.ingest({ digest: file.digest, size: file.size });
  if (isBlobInfo(writer)) return;
  try {
    if (writer.offset > 0) await writer.restart();
    for await (const chunk of createReadStream(file.path, { highWaterMark: 1 << 20 }))
      await writer.write(chunk);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
