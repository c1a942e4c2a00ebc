import type { Readable } from 'node:stream';
import type { BlobInfo, Digest, ImageStore } from '@strata/core';
import { isBlobInfo, isDigest, isStrataError, StrataError } from '@strata/core';
import type { ReadEntry } from 'tar';
import { maxDocumentBytes } from '../document/parse-json.ts';
import { throwIfCancelled } from '../registry/retry.ts';
import { ArchiveContents, cleanName, linkTarget } from './archive-contents.ts';
import { badArchive } from './archive-error.ts';

const maxMembers = 100_000;
const DOCUMENT = /(^|\/)(manifest\.json|index\.json|oci-layout|repositories|json|[0-9a-f]{64}\.json)$/;
const BLOB = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/;
const IGNORED = /(^|\/)VERSION$/;

interface ReadOptions {
  readonly store: ImageStore;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the archive read so far. */
  readonly onProgress?: ((current: number) => void) | undefined;
}

/**
 * Read an archive (plain, gzip or zstd) once, from front to end: small documents stay in memory, every other file goes
 * straight into the store as a blob, so that standard input needs no spool. On failure what was added is dropped.
 */
export async function readTar(input: Readable, options: ReadOptions): Promise<ArchiveContents> {
  const { Parser } = await import('tar');
  const contents = new ArchiveContents();
  let work: Promise<void> = Promise.resolve();
  let failure: unknown;
  let members = 0;
  const fail = (error: unknown) => {
    failure ??= error ?? new Error('unknown');
    input.destroy();
  };
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      if (++members > maxMembers) fail(badArchive(`it has more than ${maxMembers} members`));
      work = work
        .then(
          () => (failure === undefined ? takeMember(entry, contents, options) : entry.resume()),
          undefined,
        )
        .then(undefined, (error) => {
          fail(error);
          entry.resume();
        }) as Promise<void>;
    },
  });
  parser.on('error', (error: unknown) => fail(badArchive('it is no tar file, or a damaged one', error)));
  try {
    await feed(input, parser, options, () => failure !== undefined);
  } catch (error) {
    fail(error);
  }
  await work;
  if (failure === undefined) return contents;
  await dropAdded(contents, options.store);
  throwIfCancelled(options.signal);
  throw failure;
}

type TarParser = InstanceType<typeof import('tar')['Parser']>;

async function feed(
  input: Readable,
  parser: TarParser,
  { signal, onProgress }: ReadOptions,
  stopped: () => boolean,
): Promise<void> {
  let bytes = 0;
  const ended = new Promise<void>((resolve) => parser.once('end', () => resolve()));
  for await (const chunk of input as AsyncIterable<Buffer>) {
    if (stopped()) return;
    throwIfCancelled(signal);
    bytes += chunk.length;
    onProgress?.(bytes);
    if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once('drain', () => resolve()));
  }
  if (stopped()) return;
  if (bytes === 0) throw badArchive('it is empty');
  parser.end();
  if (!stopped()) await ended;
}

async function takeMember(entry: ReadEntry, contents: ArchiveContents, options: ReadOptions): Promise<void> {
  const name = cleanName(String(entry.path));
  switch (entry.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return await takeFile(entry, name, contents, options);
    case 'SymbolicLink':
      contents.links.set(name, linkTarget(name, String(entry.linkpath)));
      break;
    case 'Link':
      contents.links.set(name, cleanName(String(entry.linkpath)));
      break;
    case 'Directory':
    case 'GNUDumpDir':
      break;
    default:
      throw badArchive(`it contains a ${entry.type}`);
  }
  entry.resume();
}

async function takeFile(
  entry: ReadEntry,
  name: string,
  contents: ArchiveContents,
  options: ReadOptions,
): Promise<void> {
  if (contents.documents.has(name) || contents.blobs.has(name))
    throw badArchive(`it has two members '${name}'`);
  if (DOCUMENT.test(name)) {
    if (entry.size > maxDocumentBytes) throw badArchive(`'${name}' is larger than ${maxDocumentBytes} bytes`);
    const chunks: Buffer[] = [];
    for await (const chunk of entry as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
    contents.documents.set(name, Buffer.concat(chunks));
    return;
  }
  if (IGNORED.test(name)) {
    entry.resume();
    return;
  }
  const blob = BLOB.exec(name);
  const digest = blob === null ? undefined : `${blob[1]}:${blob[2]}`;
  if (digest !== undefined && !isDigest(digest)) throw badArchive(`'${name}' is not named by a digest`);
  contents.blobs.set(name, await ingest(entry, digest as Digest | undefined, contents, options));
}

async function ingest(
  entry: ReadEntry,
  digest: Digest | undefined,
  contents: ArchiveContents,
  { store, signal }: ReadOptions,
): Promise<BlobInfo> {
  const held = digest === undefined ? undefined : await store.stat(digest);
  const waiting = signal === undefined ? {} : { signal };
  const writer =
    held ??
    (await store.ingest({ ...(digest === undefined ? {} : { digest }), size: entry.size, ...waiting }));
  if (isBlobInfo(writer)) {
    entry.resume();
    return writer;
  }
  const started = Date.now();
  try {
    if (writer.offset > 0) await writer.restart();
    for await (const chunk of entry as unknown as AsyncIterable<Buffer>) await writer.write(chunk);
    const blob = await writer.commit();
    const known = await store.stat(blob.digest);
    if (known !== undefined && known.created.getTime() >= started) contents.added.add(blob);
    return blob;
  } catch (error) {
    await writer.abort();
    if (isStrataError(error, 'data-loss')) throw corrupt(String(entry.path), error);
    throw error;
  }
}

function corrupt(name: string, cause: unknown): StrataError {
  return new StrataError(
    'data-loss',
    'ARCHIVE_CORRUPT',
    `the archive is damaged: '${name}' is not what its name says`,
    {
      hint: 'transfer or save it again; nothing of it was kept',
      cause,
    },
  );
}

/** Forget blobs that a source brought, except those in `keep`. */
export async function dropAdded(
  { added }: { readonly added: ReadonlySet<BlobInfo> },
  store: ImageStore,
  keep: ReadonlySet<Digest> = new Set(),
): Promise<void> {
  for (const { digest } of added) if (!keep.has(digest)) await store.deleteBlob(digest);
}
