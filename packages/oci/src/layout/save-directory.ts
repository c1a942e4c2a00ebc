import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ImageStore } from '@strata/core';
import { errnoOf } from '@strata/core';
import { isJsonObject, parseJsonObject } from '../document/parse-json.ts';
import { throwIfCancelled } from '../registry/retry.ts';
import { layoutFile, type SaveOptions } from './save-images.ts';
import { memberName, type PlannedBlob, planLayout, type SavedImage } from './write-plan.ts';

const refName = 'org.opencontainers.image.ref.name';

/**
 * Write images into an OCI image layout directory, made if missing. What it holds stays; an image of the same name is
 * replaced. `index.json` is changed last, in one step.
 */
export async function saveDirectory(
  images: readonly SavedImage[],
  store: ImageStore,
  path: string,
  options: Omit<SaveOptions, 'format'> = {},
): Promise<void> {
  const tags = images.flatMap((image) => image.names.map((name) => name.slice(name.lastIndexOf(':') + 1)));
  const refNames = new Set(tags).size === tags.length ? 'tag' : 'full';
  const plan = await planLayout(images, store, { docker: false, refNames });
  let written = 0;
  for (const blob of plan.blobs.values()) {
    throwIfCancelled(options.signal);
    await writeBlob(path, blob);
    written += blob.size;
    options.onProgress?.(written);
  }
  await replace(join(path, 'oci-layout'), layoutFile);
  await replace(join(path, 'index.json'), await mergedIndex(join(path, 'index.json'), plan.index));
}

async function writeBlob(path: string, blob: PlannedBlob): Promise<void> {
  const target = join(path, memberName(blob.digest));
  const held = await stat(target).catch(() => undefined);
  if (held?.isFile() === true && held.size === blob.size) return;
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    await pipeline(Readable.from(blob.read()), createWriteStream(temporary, { flags: 'wx', mode: 0o644 }));
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function mergedIndex(path: string, added: Uint8Array): Promise<Uint8Array> {
  let before: Buffer;
  try {
    before = await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return added;
    throw error;
  }
  const old = manifestsOf(parseJsonObject(before, { what: 'index.json' }));
  const index = parseJsonObject(added, { what: 'index.json' });
  const ours = manifestsOf(index);
  const names = new Set(ours.map(nameOf).filter((name) => name !== undefined));
  const digests = new Set(ours.map((entry) => entry.digest));
  const kept = old.filter((entry) =>
    nameOf(entry) === undefined ? !digests.has(entry.digest) : !names.has(nameOf(entry) ?? null),
  );
  return Buffer.from(JSON.stringify({ ...index, manifests: [...kept, ...ours] }));
}

type Entry = { readonly [key: string]: unknown };

function manifestsOf(index: Entry): readonly Entry[] {
  return Array.isArray(index.manifests) ? index.manifests.filter(isJsonObject) : [];
}

function nameOf(entry: Entry): unknown {
  return isJsonObject(entry.annotations) ? entry.annotations[refName] : undefined;
}

async function replace(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, content, { flag: 'wx', mode: 0o644 });
  await rename(temporary, path);
}
