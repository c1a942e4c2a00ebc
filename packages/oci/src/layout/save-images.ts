import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ImageStore } from '@strata/core';
import { throwIfCancelled } from '../registry/retry.ts';
import { unwritable } from './archive-error.ts';
import { memberName, planLayout, type SavedImage, type WritePlan } from './write-plan.ts';

export type ArchiveFormat = 'docker-archive' | 'oci-archive';

export interface SaveOptions {
  /** Default `docker-archive`: an OCI layout with Docker's manifest.json, readable by both worlds. */
  readonly format?: ArchiveFormat;
  readonly signal?: AbortSignal;
  /** Bytes of blobs written so far. */
  readonly onProgress?: (current: number) => void;
}

/** `oci-layout` of image-spec image-layout.md. */
export const layoutFile = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** Write images as one archive, to a file (complete or not at all) or to a stream, which stays open. */
export async function saveImages(
  images: readonly SavedImage[],
  store: ImageStore,
  target: string | Writable,
  options: SaveOptions = {},
): Promise<void> {
  const docker = options.format !== 'oci-archive';
  const plan = await planLayout(images, store, { docker, refNames: docker ? 'tag' : 'full' });
  if (typeof target !== 'string') return await writeArchive(plan, target, { ...options, docker });
  const temporary = `${target}.${randomBytes(6).toString('hex')}`;
  const out = createWriteStream(temporary, { flags: 'wx', highWaterMark: 4 << 20 });
  // An error is also what the failing write or `finished` rejects with.
  out.on('error', () => undefined);
  try {
    await once(out, 'open');
    await writeArchive(plan, out, { ...options, docker });
    out.end();
    await finished(out);
    await rename(temporary, target);
  } catch (error) {
    out.destroy();
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(target, error);
  }
}

async function writeArchive(
  plan: WritePlan,
  out: Writable,
  options: SaveOptions & { readonly docker: boolean },
): Promise<void> {
  const { TarWriter } = await import('./tar-writer.ts');
  const tar = new TarWriter(out);
  let written = 0;
  await tar.directory('blobs');
  await tar.directory('blobs/sha256');
  for (const blob of plan.blobs.values()) {
    throwIfCancelled(options.signal);
    await tar.stream(memberName(blob.digest), blob.size, blob.read());
    written += blob.size;
    options.onProgress?.(written);
  }
  await tar.file('index.json', plan.index);
  if (options.docker) await tar.file('manifest.json', plan.dockerManifest);
  await tar.file('oci-layout', layoutFile);
  await tar.end();
}
