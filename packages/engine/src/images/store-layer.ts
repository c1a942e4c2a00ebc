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

export interface StoredLayer {
  readonly blob: Descriptor;
  readonly diffId: Digest;
  readonly uncompressedBytes: number;
}

/** Changes → reproducible tar → gzip → blob. `written`: the tree is not needed any more. */
export async function storeChanges(
  services: InternalServices,
  pins: Pins,
  request: {
    readonly source: ChangesSource;
    readonly signal: AbortSignal;
    readonly onWritten?: () => Promise<void>;
  },
): Promise<StoredLayer> {
  const { mediaTypes } = await import('@strata/oci');
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
    return {
      blob: { mediaType: mediaTypes.ociLayerGzip, digest, size: written.size },
      diffId: written.diffId as Digest,
      uncompressedBytes: written.uncompressedSize,
    };
  } finally {
    await rm(path, { force: true });
  }
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
