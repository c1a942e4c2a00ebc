/** Images made here: `import`, `init`, `commit`. */
import type { Descriptor, Digest, Platform } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import type { ImageRecord } from './image-record.ts';
import type { Pins } from './pins.ts';
import { imageRecord, nameImage, putBlob } from './record-image.ts';
import { newName } from './tag-image.ts';

/** OCI image-spec config.md, as we write it: JSON. */
export interface ConfigDocument {
  readonly created: string;
  readonly author?: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly os: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly Readonly<Record<string, unknown>>[];
}

export interface NewImage {
  readonly config: ConfigDocument;
  /** Bottom first; their blobs are in the store. */
  readonly layers: readonly Descriptor[];
  readonly reference: string | undefined;
  readonly action: string;
  /** Of a layer that is new. */
  readonly layerBytes?: { readonly diffId: Digest; readonly bytes: number };
}

/** Write config and manifest, remember and name the image. The layers' digests are pinned by the caller. */
export async function createImage(
  services: InternalServices,
  pins: Pins,
  image: NewImage,
): Promise<ImageRecord> {
  const { digestOf, mediaTypes, parseImageConfig, parseManifest } = await import('@strata/oci');
  const name = image.reference === undefined ? undefined : await newName(image.reference);
  const configBytes = Buffer.from(JSON.stringify(image.config));
  const manifestBytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(configBytes), size: configBytes.length },
      layers: image.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    }),
  );
  const manifest = await parseManifest(manifestBytes);
  if (manifest.kind !== 'manifest') throw new TypeError('a manifest was expected');
  const digest = digestOf(manifestBytes);
  await pins.add([digest, manifest.config.digest]);
  await Promise.all([
    putBlob(services.imageStore, manifest.config.digest, configBytes),
    putBlob(services.imageStore, digest, manifestBytes),
  ]);
  const record = await imageRecord(
    { mediaType: mediaTypes.ociManifest, digest, size: manifestBytes.length },
    manifest,
    await parseImageConfig(configBytes),
  );
  const remember = () => {
    services.catalog.add(record);
    if (image.layerBytes !== undefined)
      services.catalog.setLayerBytes(image.layerBytes.diffId, image.layerBytes.bytes);
    services.events.emit({
      type: 'image',
      action: image.action,
      id: record.config.digest,
      attributes: name === undefined ? {} : { name },
    });
  };
  if (name === undefined) services.catalog.transaction(remember);
  else await nameImage(services, name, record, { also: remember });
  return record;
}

export async function platformFields(text?: string): Promise<Platform> {
  const { hostPlatform, parsePlatform } = await import('@strata/oci');
  return text === undefined ? hostPlatform() : parsePlatform(text);
}
