import type { Descriptor, ImageStore } from '@strata/core';
import { isBlobInfo } from '@strata/core';
import { digestOf } from '../reference/digest.ts';

/** Store a small blob we hold in memory (manifest, config). Returns its descriptor. */
export async function putBlob(store: ImageStore, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  const writer = await store.ingest({ digest: descriptor.digest, size: descriptor.size });
  if (isBlobInfo(writer)) return descriptor;
  try {
    if (writer.offset > 0) await writer.restart();
    await writer.write(bytes);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return descriptor;
}
