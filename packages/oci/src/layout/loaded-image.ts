import type { Descriptor, Digest, ImageStore } from '@strata/core';
import { checkLayerCount, parseImageConfig } from '../document/image-config.ts';
import { type ImageManifest, parseManifest } from '../document/manifest.ts';
import { mediaTypes } from '../document/media-types.ts';
import { maxDocumentBytes } from '../document/parse-json.ts';
import { canonicalName, parseReference, withDefaultTag } from '../reference/reference.ts';
import { checkIsImage } from '../registry/resolve-image.ts';

/** One image of an archive, all of its blobs in the store; no reference was made yet. */
export interface LoadedImage {
  /** Canonical names the archive gives it. */
  readonly names: readonly string[];
  /** A name that is only a tag, as OCI layouts use: the loader decides what it belongs to. */
  readonly tag: string | undefined;
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
}

/** Digests of everything an image is made of. */
export function blobsOf({ descriptor, manifest }: LoadedImage): readonly Digest[] {
  return [descriptor.digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
}

/** Read a manifest from the store, with its config, and check that they belong together. */
export async function checkStoredImage(store: ImageStore, descriptor: Descriptor): Promise<ImageManifest> {
  const bytes = await store.read(descriptor.digest, maxDocumentBytes);
  const manifest = await parseManifest(bytes, descriptor.mediaType || mediaTypes.ociManifest);
  if (manifest.kind === 'index') throw new TypeError('an index where a manifest was expected');
  checkIsImage(manifest, descriptor.digest);
  checkLayerCount(
    manifest,
    await parseImageConfig(await store.read(manifest.config.digest, maxDocumentBytes)),
  );
  return manifest;
}

/** Canonical names of texts that are references. */
export function canonicalNames(texts: readonly string[]): readonly string[] {
  return texts.map((text) => canonicalName(withDefaultTag(parseReference(text))));
}
