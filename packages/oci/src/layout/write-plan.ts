import { createReadStream } from 'node:fs';
import type { Descriptor, Digest, ImageStore } from '@strata/core';
import { parseImageConfig } from '../document/image-config.ts';
import { layerCompression, mediaTypes, ociType } from '../document/media-types.ts';
import { maxDocumentBytes } from '../document/parse-json.ts';
import { digestOf } from '../reference/digest.ts';
import { familiarName, parseReference } from '../reference/reference.ts';
import { checkStoredImage } from './loaded-image.ts';

/** An image to write, with the names it shall have there. */
export interface SavedImage {
  /** Canonical references with a tag. */
  readonly names: readonly string[];
  /** Its manifest, in the store. */
  readonly descriptor: Descriptor;
}

/** Bytes of a blob to write. */
export interface PlannedBlob {
  readonly digest: Digest;
  readonly size: number;
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface WritePlan {
  readonly blobs: ReadonlyMap<Digest, PlannedBlob>;
  readonly index: Uint8Array;
  /** Docker's `manifest.json`. */
  readonly dockerManifest: Uint8Array;
}

export type RefNames = 'full' | 'tag';

/**
 * Decide what goes into a layout. For Docker, zstd layers are written plain (Docker before 23 cannot read them); gzip
 * ones stay, as in archives that Docker itself makes over containerd's store.
 */
export async function planLayout(
  images: readonly SavedImage[],
  store: ImageStore,
  options: { readonly docker: boolean; readonly refNames: RefNames },
): Promise<WritePlan> {
  const blobs = new Map<Digest, PlannedBlob>();
  const entries: object[] = [];
  const dockerItems: object[] = [];
  for (const image of images) {
    const manifest = await checkStoredImage(store, image.descriptor);
    const layers = [];
    for (const layer of manifest.layers) layers.push(await planLayer(layer, store, options.docker));
    const converted = layers.some((layer, n) => layer.descriptor !== manifest.layers[n]);
    // Readers of OCI layouts need not know Docker's types, and umoci does not.
    const foreign = !options.docker && image.descriptor.mediaType !== mediaTypes.ociManifest;
    const top =
      converted || foreign
        ? rebuilt(
            manifest,
            layers.map(({ descriptor }) => ({ ...descriptor, mediaType: ociType(descriptor.mediaType) })),
          )
        : stored(image.descriptor, store);
    for (const blob of [top.blob, stored(manifest.config, store).blob, ...layers.map((layer) => layer.blob)])
      blobs.set(blob.digest, blob);
    const config = await parseImageConfig(await store.read(manifest.config.digest, maxDocumentBytes));
    const platform = {
      architecture: config.architecture,
      os: config.os,
      ...(config.variant === undefined ? {} : { variant: config.variant }),
    };
    entries.push(...indexEntries(image, { ...top.descriptor, platform }, options.refNames));
    dockerItems.push({
      Config: memberName(manifest.config.digest),
      RepoTags:
        image.names.length === 0 ? null : image.names.map((name) => familiarName(parseReference(name))),
      Layers: layers.map((layer) => memberName(layer.blob.digest)),
    });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries };
  return { blobs, index: json(index), dockerManifest: json(dockerItems) };
}

/** `blobs/sha256/<hex>`. */
export function memberName(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

interface Planned {
  readonly descriptor: Descriptor;
  readonly blob: PlannedBlob;
}

function stored(descriptor: Descriptor, store: ImageStore): Planned {
  const { digest, size } = descriptor;
  async function* read() {
    yield* createReadStream(await store.path(digest), {
      highWaterMark: 1 << 20,
    }) as AsyncIterable<Uint8Array>;
  }
  return { descriptor, blob: { digest, size, read } };
}

async function planLayer(layer: Descriptor, store: ImageStore, docker: boolean): Promise<Planned> {
  const plan = stored(layer, store);
  if (!docker || layerCompression(layer.mediaType) !== 'zstd') return plan;
  const { createZstdDecompress } = await import('node:zlib');
  const { createHash } = await import('node:crypto');
  const read = async () =>
    createReadStream(await store.path(layer.digest)).pipe(createZstdDecompress({ chunkSize: 1 << 20 }));
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of (await read()) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  const digest = `sha256:${hash.digest('hex')}` as Digest;
  async function* plain() {
    yield* (await read()) as AsyncIterable<Uint8Array>;
  }
  return {
    descriptor: { mediaType: mediaTypes.ociLayer, digest, size },
    blob: { digest, size, read: plain },
  };
}

function rebuilt(manifest: { readonly config: Descriptor }, layers: readonly Descriptor[]): Planned {
  const config = { ...manifest.config, mediaType: mediaTypes.ociConfig };
  const bytes = json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.byteLength };
  return { descriptor, blob: { digest: descriptor.digest, size: descriptor.size, read: () => [bytes] } };
}

function indexEntries(image: SavedImage, descriptor: Descriptor, refNames: RefNames): object[] {
  if (image.names.length === 0) return [descriptor];
  return image.names.map((name) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': refNames === 'full' ? name : (parseReference(name).tag ?? name),
    },
  }));
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
