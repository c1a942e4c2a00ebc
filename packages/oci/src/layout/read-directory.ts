import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobInfo, Descriptor, ImageStore, Platform } from '@strata/core';
import { errnoOf, isBlobInfo } from '@strata/core';
import { maxDocumentBytes } from '../document/parse-json.ts';
import { throwIfCancelled } from '../registry/retry.ts';
import { badArchive, missingMember } from './archive-error.ts';
import type { LoadedImage } from './loaded-image.ts';
import { readIndex } from './read-index.ts';
import { dropAdded } from './read-tar.ts';

/** The images of an OCI image layout directory (image-spec image-layout.md). */
export async function readLayoutDirectory(
  path: string,
  options: {
    readonly store: ImageStore;
    readonly platform: Platform;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<LoadedImage[]> {
  const { store, platform, signal } = options;
  const added = new Set<BlobInfo>();
  const index = await openRegular(join(path, 'index.json'));
  if (index === undefined) throw missingMember('index.json');
  try {
    if ((await index.stat()).size > maxDocumentBytes) throw badArchive('index.json is too large');
    const bytes = await index.readFile();
    return await readIndex(bytes, {
      store,
      platform,
      ensure: (descriptor) => copyIn(path, descriptor, { store, signal, added }),
    });
  } catch (error) {
    await dropAdded({ added }, store);
    throw error;
  } finally {
    await index.close();
  }
}

interface CopyContext {
  readonly store: ImageStore;
  readonly signal: AbortSignal | undefined;
  /** Blobs that were not there before; dropped again when the layout turns out bad. */
  readonly added: Set<BlobInfo>;
}

async function copyIn(
  path: string,
  descriptor: Descriptor,
  { store, signal, added }: CopyContext,
): Promise<boolean> {
  const { digest, size } = descriptor;
  if ((await store.stat(digest)) !== undefined) return true;
  const file = await openRegular(join(path, 'blobs', ...digest.split(':')));
  if (file === undefined) return false;
  try {
    const writer = await store.ingest({ digest, size, ...(signal === undefined ? {} : { signal }) });
    if (isBlobInfo(writer)) return true;
    try {
      if (writer.offset > 0) await writer.restart();
      for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20, autoClose: false })) {
        throwIfCancelled(signal);
        await writer.write(chunk as Buffer);
      }
      added.add(await writer.commit());
      return true;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    await file.close();
  }
}

/** Links are not followed and a FIFO does not block: a layout may come from anybody. */
async function openRegular(path: string) {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}
