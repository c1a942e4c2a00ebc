import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import type { BlobWriter, Digest } from '@strata/core';
import { isBlobInfo } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import type { StoredLayer } from './store-layer.ts';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** A tar somebody else made, kept as compressed as it came (a plain one is gzipped), checked to be a tar on the way. */
export async function storeTar(
  services: InternalServices,
  input: AsyncIterable<Uint8Array>,
): Promise<StoredLayer> {
  const { mediaTypes } = await import('@strata/oci');
  const { head, all } = await peek(input);
  const zstd = head.subarray(0, 4).equals(ZSTD_MAGIC);
  const compressed = zstd || head.subarray(0, 2).equals(GZIP_MAGIC);
  const writer = await services.imageStore.ingest({});
  if (isBlobInfo(writer)) throw new TypeError('an ingest without a digest cannot be finished by others');
  try {
    const tar = compressed ? await readTar(tapped(all, writer)) : await gzipped(all, writer);
    const { digest, size } = await writer.commit();
    const mediaType = zstd ? mediaTypes.ociLayerZstd : mediaTypes.ociLayerGzip;
    return { blob: { mediaType, digest, size }, diffId: tar.diffId, uncompressedBytes: tar.bytes };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function gzipped(input: AsyncIterable<Uint8Array>, writer: BlobWriter) {
  const gzip = createGzip({ chunkSize: 1 << 20 });
  const written = (async () => {
    for await (const chunk of gzip) await writer.write(chunk as Buffer);
  })();
  written.catch(() => undefined);
  try {
    const tar = await readTar(
      tapped(input, {
        write: async (chunk) => {
          if (!gzip.write(chunk)) await Promise.race([once(gzip, 'drain'), written]);
        },
      }),
    );
    gzip.end();
    await written;
    return tar;
  } catch (error) {
    gzip.destroy();
    throw error;
  }
}

/** Every entry, so that what is no tar, or half of one, is refused now and not at the first run. */
async function readTar(bytes: AsyncIterable<Uint8Array>): Promise<{ diffId: Digest; bytes: number }> {
  const { ByteSource, DEFAULT_LIMITS, decompressed, TarReader } = await import('@strata/archive');
  const source = new ByteSource(decompressed(bytes), DEFAULT_LIMITS.maxBytes);
  try {
    const reader = new TarReader(source, DEFAULT_LIMITS);
    while ((await reader.next()) !== undefined);
    await source.drain();
    return { diffId: source.digest() as Digest, bytes: source.total };
  } finally {
    await source.close();
  }
}

async function* tapped(
  input: AsyncIterable<Uint8Array>,
  tap: { write(chunk: Uint8Array): Promise<void> },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    await tap.write(chunk);
    yield chunk;
  }
}

async function peek(
  input: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Buffer; readonly all: AsyncIterable<Uint8Array> }> {
  const chunks = input[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (let bytes = 0; bytes < 4; ) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    first.push(value);
    bytes += value.length;
  }
  const all = (async function* () {
    yield* first;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  })();
  return { head: Buffer.concat(first), all };
}
