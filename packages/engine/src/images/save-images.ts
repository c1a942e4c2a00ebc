import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errnoOf, StrataError } from '@strata/core';
import type { SavedImage } from '@strata/oci';
import type { ArchiveFormat, Operation } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { findImage } from './find-image.ts';

export interface SaveRequest extends Operation {
  readonly references: readonly string[];
  /** Path, or a descriptor of ours. */
  readonly output: string | number;
  readonly format?: ArchiveFormat;
  readonly compress?: boolean;
}

/** `docker save`: one archive or layout with all the images; blobs they share once. */
export async function saveImages(services: InternalServices, request: SaveRequest): Promise<void> {
  try {
    await save(services, request);
  } catch (error) {
    // Nothing is written to the store here: what is full is another filesystem than the one others would name.
    if (errnoOf(error) !== 'ENOSPC') throw error;
    const { output } = request;
    const where = typeof output === 'string' ? output : 'the output';
    throw new StrataError('resource-exhausted', 'NO_SPACE', `No space left to write ${where}`, {
      hint: 'Free some space there, or write to another filesystem',
      cause: error,
    });
  }
}

async function save(services: InternalServices, request: SaveRequest): Promise<void> {
  const oci = await import('@strata/oci');
  const images = await savedImages(services, request.references);
  const signal =
    request.signal === undefined ? services.signal : AbortSignal.any([request.signal, services.signal]);
  const { output, format = 'docker-archive' } = request;
  if (format === 'oci-dir') {
    if (typeof output === 'number')
      throw new StrataError(
        'invalid-argument',
        'OUTPUT_NOT_A_PATH',
        'An oci-dir is a directory and needs a path',
        {
          hint: 'Give one with --output',
        },
      );
    return await oci.saveDirectory(images, services.imageStore, output, { signal });
  }
  if (typeof output === 'string' && (await isSpecial(output))) {
    await using target = await open(output, 'w');
    return await save(services, { ...request, output: target.fd });
  }
  const options = { format, signal };
  if (request.compress === true) {
    await writeCompressed(output, (target) => oci.saveImages(images, services.imageStore, target, options));
  } else if (typeof output === 'string') {
    await oci.saveImages(images, services.imageStore, output, options);
  } else {
    const stream = createWriteStream('', { fd: output, autoClose: false, highWaterMark: 1 << 20 });
    const written = finished(stream);
    written.catch(() => undefined);
    await Promise.race([oci.saveImages(images, services.imageStore, stream, options), written]);
    stream.end();
    await written;
  }
}

/** A device or pipe is written to; a file beside it would take its place. */
async function isSpecial(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** gzip, to a file that is complete or not there, or to a descriptor. */
async function writeCompressed(
  output: string | number,
  write: (target: Writable) => Promise<void>,
): Promise<void> {
  const half = `${output}.${process.pid}.part`;
  const file =
    typeof output === 'number'
      ? createWriteStream('', { fd: output, autoClose: false })
      : createWriteStream(half, { flags: 'wx' });
  const gzip = createGzip({ chunkSize: 1 << 20 });
  const written = pipeline(gzip, file);
  written.catch(() => undefined);
  try {
    await Promise.race([write(gzip), written]);
    gzip.end();
    await written;
    if (typeof output === 'string') await rename(half, output);
  } catch (error) {
    gzip.destroy();
    if (typeof output === 'string') await rm(half, { force: true });
    throw error;
  }
}

/** Each image once, with the names it was asked for by; none for one asked for by id. */
async function savedImages(services: InternalServices, references: readonly string[]): Promise<SavedImage[]> {
  const byManifest = new Map<string, SavedImage & { readonly names: string[] }>();
  for (const reference of references) {
    const { record, name } = await findImage(services, reference);
    const key = record.manifest.digest;
    const known = byManifest.get(key) ?? { names: [], descriptor: record.manifest };
    if (name !== undefined && !name.includes('@') && !known.names.includes(name)) known.names.push(name);
    byManifest.set(key, known);
  }
  return [...byManifest.values()];
}
