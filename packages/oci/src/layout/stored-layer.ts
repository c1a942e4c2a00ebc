import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { BlobInfo, Digest, ImageStore } from '@strata/core';
import { mediaTypes } from '../document/media-types.ts';
import { badArchive } from './archive-error.ts';

/** Layers of docker-archives are plain tars, but some tools compress them: the first bytes tell. */
export async function layerType(blob: BlobInfo, store: ImageStore): Promise<string> {
  const file = await open(await store.path(blob.digest), 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return mediaTypes.ociLayerGzip;
    return buffer.readUInt32LE(0) === 0xfd2fb528 ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer;
  } finally {
    await file.close();
  }
}

/** The digest of a layer's tar, whatever it is compressed with. @throws invalid-argument `ARCHIVE_INVALID` */
export async function diffIdOf(blob: BlobInfo, store: ImageStore, mediaType: string): Promise<Digest> {
  if (mediaType === mediaTypes.ociLayer) return blob.digest;
  const hash = createHash('sha256');
  const inflate = mediaType === mediaTypes.ociLayerGzip ? createGunzip() : createZstdDecompress();
  const source = createReadStream(await store.path(blob.digest));
  try {
    await pipeline(source, inflate, hash);
  } catch (error) {
    throw badArchive(`a compressed layer of it is damaged`, error);
  }
  return `sha256:${hash.digest('hex')}`;
}
