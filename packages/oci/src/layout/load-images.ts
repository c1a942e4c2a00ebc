import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { errnoOf, type ImageStore, type Platform } from '@strata/core';
import { hostPlatform } from '../platform/platform.ts';
import type { ArchiveContents } from './archive-contents.ts';
import { archiveNotFound, badArchive } from './archive-error.ts';
import { blobsOf, type LoadedImage } from './loaded-image.ts';
import { readLayoutDirectory } from './read-directory.ts';
import { readDockerManifest } from './read-docker-archive.ts';
import { readIndex } from './read-index.ts';
import { readRepositories } from './read-legacy-archive.ts';
import { dropAdded, readTar } from './read-tar.ts';

export interface LoadOptions {
  /** Which image of a multi-platform one; default the host's. */
  readonly platform?: Platform;
  readonly signal?: AbortSignal;
  /** Bytes of the archive read so far. */
  readonly onProgress?: (current: number) => void;
}

/**
 * Bring the images of an archive into the store: docker-archive (all layouts since Docker 1.0), oci-archive, both also
 * compressed, from a file or a stream; or an OCI layout directory. Makes no references: the caller does, by the
 * returned names. On failure blobs that the archive brought are dropped.
 * @throws invalid-argument `ARCHIVE_INVALID`; data-loss `ARCHIVE_CORRUPT`; what documents and the store throw
 */
export async function loadImages(
  source: string | Readable,
  store: ImageStore,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  const platform = options.platform ?? hostPlatform();
  if (typeof source === 'string' && (await isDirectory(source))) {
    return await readLayoutDirectory(source, { store, platform, signal: options.signal });
  }
  const input = typeof source === 'string' ? createReadStream(source, { highWaterMark: 1 << 20 }) : source;
  const { signal, onProgress } = options;
  const contents = await readTar(input, { store, signal, onProgress });
  try {
    const images = await interpret(contents, store, platform);
    if (images.length === 0) throw badArchive('it lists no image');
    await dropAdded(contents, store, new Set(images.flatMap(blobsOf)));
    return images;
  } catch (error) {
    await dropAdded(contents, store);
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? archiveNotFound(path, error) : error;
  }
}

/** `index.json` keeps manifests and digests as they were, so it goes before Docker's own list. */
async function interpret(
  contents: ArchiveContents,
  store: ImageStore,
  platform: Platform,
): Promise<LoadedImage[]> {
  const index = contents.document('index.json');
  const docker = contents.document('manifest.json');
  if (index !== undefined) {
    return await readIndex(index, {
      store,
      platform,
      ensure: async ({ digest }) => contents.blob(`blobs/${digest.replace(':', '/')}`) !== undefined,
    });
  }
  if (docker !== undefined) return await readDockerManifest(docker, contents, store);
  const repositories = contents.document('repositories');
  if (repositories !== undefined) return await readRepositories(repositories, contents, store);
  throw badArchive('it has neither index.json nor manifest.json');
}
