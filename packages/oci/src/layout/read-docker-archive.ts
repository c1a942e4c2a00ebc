import type { Descriptor, ImageStore } from '@strata/core';
import { StrataError } from '@strata/core';
import { type ImageConfig, parseImageConfig } from '../document/image-config.ts';
import { mediaTypes } from '../document/media-types.ts';
import { isJsonObject, maxDocumentBytes, parseJson } from '../document/parse-json.ts';
import { digestOf } from '../reference/digest.ts';
import type { ArchiveContents } from './archive-contents.ts';
import { badArchive, missingMember } from './archive-error.ts';
import { canonicalNames, checkStoredImage, type LoadedImage } from './loaded-image.ts';
import { putBlob } from './put-blob.ts';
import { diffIdOf, layerType } from './stored-layer.ts';

const maxManifestBytes = 1024 * 1024;

/** The images of a `manifest.json` (Docker 1.10 to now): `[{Config, RepoTags, Layers}]`. */
export async function readDockerManifest(
  bytes: Buffer,
  contents: ArchiveContents,
  store: ImageStore,
): Promise<LoadedImage[]> {
  const items = parseJson(bytes, { what: 'manifest.json', maxBytes: maxManifestBytes });
  if (!Array.isArray(items) || items.length > 10_000) throw badArchive('manifest.json is not a list');
  const images: LoadedImage[] = [];
  for (const item of items) {
    const { config, layers, names } = readItem(item);
    const configBytes = await memberBytes(config, contents, store);
    images.push(
      await assembleImage({ configBytes, members: layers, names: canonicalNames(names) }, contents, store),
    );
  }
  return images;
}

function readItem(item: unknown): {
  readonly config: string;
  readonly layers: readonly string[];
  readonly names: readonly string[];
} {
  if (!isJsonObject(item)) throw badArchive('manifest.json lists something that is no image');
  const { Config: config, Layers: layers, RepoTags: names } = item;
  if (typeof config !== 'string') throw badArchive('an image of manifest.json has no Config');
  if (!isTexts(layers ?? []) || !isTexts(names ?? []))
    throw badArchive('Layers and RepoTags must be lists of names');
  return { config, layers: (layers ?? []) as string[], names: (names ?? []) as string[] };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= 1024 && value.every((text) => typeof text === 'string');
}

async function memberBytes(name: string, contents: ArchiveContents, store: ImageStore): Promise<Buffer> {
  const document = contents.document(name);
  if (document !== undefined) return document;
  const blob = contents.blob(name);
  if (blob === undefined) throw missingMember(name);
  return await store.read(blob.digest, maxDocumentBytes);
}

/** Make the OCI manifest that a docker-archive lacks, over its config and its layer members. */
export async function assembleImage(
  image: {
    readonly configBytes: Buffer;
    readonly members: readonly string[];
    readonly names: readonly string[];
  },
  contents: ArchiveContents,
  store: ImageStore,
): Promise<LoadedImage> {
  const config = await parseImageConfig(image.configBytes);
  const layers: Descriptor[] = [];
  for (const [n, name] of image.members.entries())
    layers.push(await toLayer(name, n, { config, contents, store }));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await add(image.configBytes, mediaTypes.ociConfig, { contents, store }),
    layers,
  };
  const descriptor = await add(Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest, {
    contents,
    store,
  });
  return {
    names: image.names,
    tag: undefined,
    descriptor,
    manifest: await checkStoredImage(store, descriptor),
  };
}

/** Store a document, to be dropped again if the archive turns out bad. */
async function add(
  bytes: Buffer,
  mediaType: string,
  { contents, store }: Pick<LayerContext, 'contents' | 'store'>,
): Promise<Descriptor> {
  const { digest, size } = { digest: digestOf(bytes), size: bytes.length };
  if ((await store.stat(digest)) === undefined) contents.added.add({ digest, size, created: new Date() });
  return await putBlob(store, bytes, mediaType);
}

interface LayerContext {
  readonly config: ImageConfig;
  readonly contents: ArchiveContents;
  readonly store: ImageStore;
}

async function toLayer(
  name: string,
  n: number,
  { config, contents, store }: LayerContext,
): Promise<Descriptor> {
  const blob = contents.blob(name);
  if (blob === undefined) throw missingMember(name);
  const mediaType = await layerType(blob, store);
  const diffId = config.diffIds[n];
  const actual = diffId?.startsWith('sha256:') === true ? await diffIdOf(blob, store, mediaType) : diffId;
  if (actual !== diffId) {
    throw new StrataError(
      'data-loss',
      'ARCHIVE_CORRUPT',
      `the archive is damaged: layer '${name}' has digest ${actual} instead of ${diffId}`,
      {
        hint: 'transfer or save it again; nothing of it was kept',
      },
    );
  }
  return { mediaType, digest: blob.digest, size: blob.size };
}
