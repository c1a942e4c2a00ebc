import type { Descriptor, ImageStore, Platform } from '@strata/core';
import { isStrataError, StrataError } from '@strata/core';
import { type ImageIndex, parseManifest } from '../document/manifest.ts';
import { isIndexType, mediaTypes } from '../document/media-types.ts';
import { maxDocumentBytes } from '../document/parse-json.ts';
import { selectManifest } from '../platform/select-manifest.ts';
import { missingMember } from './archive-error.ts';
import { canonicalNames, checkStoredImage, type LoadedImage } from './loaded-image.ts';

const maxNesting = 4;

export interface LayoutReader {
  readonly store: ImageStore;
  readonly platform: Platform;
  /** Bring a blob of the layout into the store. False when the layout has no such blob. */
  ensure(descriptor: Descriptor): Promise<boolean>;
}

/** OCI image-spec annotations.md, and containerd's for the whole name. */
const refName = 'org.opencontainers.image.ref.name';
const containerdName = 'io.containerd.image.name';

/** The images of an `index.json`. @throws invalid-argument `ARCHIVE_INVALID`, and what documents throw */
export async function readIndex(bytes: Uint8Array, reader: LayoutReader): Promise<LoadedImage[]> {
  const index = await parseManifest(bytes, mediaTypes.ociIndex);
  const images: LoadedImage[] = [];
  for (const entry of index.kind === 'index' ? index.manifests : []) {
    const descriptor = await toManifest(entry, reader, 0);
    const manifest = await bringImage(descriptor, reader);
    const { names, tag } = namesOf(entry);
    const same = images.findIndex((image) => image.descriptor.digest === descriptor.digest);
    if (same >= 0)
      images[same] = { ...images[same]!, names: [...new Set([...images[same]!.names, ...names])] };
    else images.push({ names, tag, descriptor, manifest });
  }
  return images;
}

async function toManifest(entry: Descriptor, reader: LayoutReader, depth: number): Promise<Descriptor> {
  if (!(await reader.ensure(entry))) throw missingMember(`blobs/${entry.digest.replace(':', '/')}`);
  if (!isIndexType(entry.mediaType)) return entry;
  if (depth >= maxNesting) {
    throw new StrataError(
      'invalid-argument',
      'INDEX_NESTED',
      `the index ${entry.digest} nests more than ${maxNesting} deep`,
    );
  }
  const nested = await parseManifest(
    await reader.store.read(entry.digest, maxDocumentBytes),
    entry.mediaType,
  );
  return await toManifest(await choose(nested as ImageIndex, entry, reader), reader, depth + 1);
}

/** The platform's manifest; the only one there is when it is made for another platform, as `docker load` does. */
async function choose(index: ImageIndex, entry: Descriptor, reader: LayoutReader): Promise<Descriptor> {
  try {
    return selectManifest(index, reader.platform, entry.digest);
  } catch (error) {
    if (!isStrataError(error, 'PLATFORM_NOT_FOUND')) throw error;
    const present: Descriptor[] = [];
    for (const manifest of index.manifests) {
      if (manifest.platform?.os !== 'unknown' && (await reader.ensure(manifest))) present.push(manifest);
    }
    if (present.length === 1) return present[0]!;
    throw error;
  }
}

async function bringImage(descriptor: Descriptor, reader: LayoutReader) {
  const document = await parseManifest(
    await reader.store.read(descriptor.digest, maxDocumentBytes),
    descriptor.mediaType,
  );
  if (document.kind === 'manifest') {
    for (const blob of [document.config, ...document.layers]) {
      if (!(await reader.ensure(blob))) throw missingMember(`blobs/${blob.digest.replace(':', '/')}`);
    }
  }
  return await checkStoredImage(reader.store, descriptor);
}

function namesOf(entry: Descriptor): { readonly names: readonly string[]; readonly tag: string | undefined } {
  const full = entry.annotations?.[containerdName];
  if (full !== undefined) return { names: canonicalNames([full]), tag: undefined };
  const name = entry.annotations?.[refName];
  if (name === undefined) return { names: [], tag: undefined };
  const isName = name.includes('/') || name.includes(':');
  return isName ? { names: canonicalNames([name]), tag: undefined } : { names: [], tag: name };
}
