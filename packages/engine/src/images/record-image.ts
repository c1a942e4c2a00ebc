import type { Descriptor, Digest, ImageStore } from '@strata/core';
import { isBlobInfo } from '@strata/core';
import type { ImageConfig, ImageManifest } from '@strata/oci';
import type { InternalServices } from '../internal-services.ts';
import { type ImageRecord, imageLayers } from './image-record.ts';

const MAX_DOCUMENT = 4 << 20;

/** Facts of an image from its two documents. @throws invalid-argument when they do not belong together */
export async function imageRecord(
  descriptor: Descriptor,
  manifest: ImageManifest,
  config: ImageConfig,
): Promise<ImageRecord> {
  const { checkLayerCount, normalizePlatform } = await import('@strata/oci');
  checkLayerCount(manifest, config);
  const created = config.created === undefined ? Number.NaN : Date.parse(config.created);
  return {
    manifest: {
      mediaType: descriptor.mediaType || manifest.mediaType,
      digest: descriptor.digest,
      size: descriptor.size,
    },
    config: manifest.config,
    created: Number.isNaN(created) ? undefined : new Date(created),
    platform: normalizePlatform({
      os: config.os || 'linux',
      architecture: config.architecture,
      ...(config.variant === undefined ? {} : { variant: config.variant }),
    }),
    labels: { ...config.config.Labels },
    layers: imageLayers(manifest.layers, config.diffIds),
  };
}

/** Read both documents of a stored image. */
export async function readImage(services: Pick<InternalServices, 'imageStore'>, manifestDigest: Digest) {
  const { parseImageConfig, parseManifest } = await import('@strata/oci');
  const bytes = await services.imageStore.read(manifestDigest, MAX_DOCUMENT);
  const manifest = await parseManifest(bytes);
  if (manifest.kind === 'index') throw new TypeError(`${manifestDigest} is an index`);
  return { bytes, manifest, config: await readConfig(services, manifest.config.digest), parseImageConfig };
}

export async function readConfig(
  { imageStore }: Pick<InternalServices, 'imageStore'>,
  digest: Digest,
): Promise<ImageConfig> {
  const { parseImageConfig } = await import('@strata/oci');
  return parseImageConfig(await imageStore.read(digest, MAX_DOCUMENT));
}

/** A small blob whose bytes are at hand. */
export async function putBlob(store: ImageStore, digest: Digest, bytes: Uint8Array): Promise<void> {
  if ((await store.stat(digest)) !== undefined) return;
  const writer = await store.ingest({ digest, size: bytes.byteLength });
  if (isBlobInfo(writer)) return;
  try {
    if (writer.offset > 0) await writer.restart();
    await writer.write(bytes);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Point a name at a complete image, and tell. Returns the manifest it pointed at before. */
export async function nameImage(
  services: InternalServices,
  name: string,
  record: ImageRecord,
  { action, also }: { readonly action?: string; readonly also?: () => void } = {},
): Promise<Digest | undefined> {
  await using _lock = await services.host.locks.acquire(services.paths.lock('image', name));
  const before = await services.imageStore.setReference(name, record.manifest);
  services.catalog.transaction(() => {
    also?.();
    services.catalog.setName(name, record.manifest.digest);
    if (action === undefined) return;
    const id = action === 'pull' ? name : record.config.digest;
    services.events.emit({ type: 'image', action, id, attributes: { name } });
  });
  return before?.target.digest;
}

/** A reference the image store has and our index has not: remember it. Undefined when there is none. */
export async function healReference(services: InternalServices, name: string): Promise<Digest | undefined> {
  const reference = await services.imageStore.reference(name);
  if (reference === undefined) return undefined;
  const { digest } = reference.target;
  if (services.catalog.get(digest) === undefined) {
    const { manifest, config } = await readImage(services, digest);
    services.catalog.add(await imageRecord(reference.target, manifest, config));
  }
  services.catalog.setName(name, digest);
  return digest;
}
