import { createReadStream } from 'node:fs';
import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { type Inflater, StrataError } from '@strata/core';
import { badLayer } from '../layer-error.ts';
import { ByteReader } from './byte-reader.ts';
import { type GrowingFile, growingBytes } from './growing-file.ts';
import { inflated } from './inflate.ts';
import { type ZstdFrame, zstdFrames } from './zstd-frames.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

const CHUNK = 2 ** 20;
/**
 * Queues on both sides, so that the thread pool inflates the next chunk while we write this one. Chunks come out as
 * they are (object mode), not joined.
 */
const AHEAD = {
  chunkSize: CHUNK,
  readableObjectMode: true,
  readableHighWaterMark: 3,
  writableHighWaterMark: CHUNK,
};
/** What a zstd frame may ask us to keep: 128 MiB, the zstd command's own limit. */
const ZSTD_WINDOW_LOG = 27;

const MAGIC: readonly (readonly [name: Compression | 'xz' | 'bzip2', bytes: Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a])],
  ['bzip2', Buffer.from('BZh')],
];

/** A blob's bytes: from its file, which may be growing, or as they come. */
export type BlobSource = { readonly path: string } | GrowingFile | AsyncIterable<Uint8Array>;

/** The bytes of a blob; `onRead` gets the number of bytes as they are read. */
export async function* blobBytes(
  source: BlobSource,
  options: { readonly signal?: AbortSignal; readonly onRead?: (bytes: number) => void } = {},
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunksOf(source)) {
    if (options.signal?.aborted === true) throw new StrataError('aborted', 'ABORTED', 'Cancelled');
    options.onRead?.(chunk.length);
    yield chunk;
  }
}

function chunksOf(source: BlobSource): AsyncIterable<Uint8Array> {
  if (!('path' in source)) return source;
  if ('growth' in source) return growingBytes(source, CHUNK / 2);
  return createReadStream(source.path, { highWaterMark: CHUNK / 2 });
}

/**
 * Undo compression: the first bytes say which, as every engine has it, because media types are often wrong; a media
 * type that names something we cannot undo (encryption) is refused. gzip may have many members and be padded with
 * zeros; zstd may have many frames. With an inflater gzip is undone on this thread.
 */
export async function* decompressed(
  bytes: AsyncIterable<Uint8Array>,
  mediaType?: string,
  inflater?: Inflater,
): AsyncGenerator<Buffer> {
  if (mediaType?.includes('+encrypted') === true) {
    throw new StrataError('unsupported', 'LAYER_ENCRYPTED', 'The layer is encrypted');
  }
  const chunks = bytes[Symbol.asyncIterator]();
  try {
    const head = await first(chunks);
    const kind = head === undefined ? 'none' : detect(head);
    const all = replay(head, chunks);
    if (kind === 'none') yield* all;
    else if (kind === 'gzip' && inflater !== undefined) yield* damage(inflated(all, inflater), kind);
    else if (kind === 'gzip') yield* through(all, createGunzip(AHEAD), kind);
    else yield* eachFrame(zstdFrames(new ByteReader(all)));
  } finally {
    await chunks.return?.();
  }
}

function detect(head: Buffer): Compression {
  const skippable = head.length >= 4 && (head.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50;
  const found = skippable
    ? 'zstd'
    : MAGIC.find(([, magic]) => head.subarray(0, magic.length).equals(magic))?.[0];
  if (found === 'xz' || found === 'bzip2') {
    throw new StrataError(
      'unsupported',
      'LAYER_COMPRESSION_UNSUPPORTED',
      `The archive is compressed with ${found}`,
      {
        hint: 'Decompress it first, or use gzip or zstd.',
      },
    );
  }
  return found ?? 'none';
}

/** The first chunk, made long enough to tell. */
async function first(chunks: AsyncIterator<Uint8Array>): Promise<Buffer | undefined> {
  let head: Buffer | undefined;
  while (head === undefined || head.length < 5) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    head = head === undefined ? chunk : Buffer.concat([head, chunk]);
  }
  return head;
}

async function* replay(head: Buffer | undefined, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  if (head !== undefined) yield head;
  for (let item = await chunks.next(); item.done !== true; item = await chunks.next()) {
    yield Buffer.from(item.value.buffer, item.value.byteOffset, item.value.byteLength);
  }
}

const ZSTD = { params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } };

async function* eachFrame(frames: AsyncIterable<ZstdFrame>): AsyncGenerator<Buffer> {
  for await (const { first, rest, whole } of frames) {
    const small = whole && first.length <= 2 ** 16 ? smallFrame(first) : undefined;
    if (small !== undefined) yield small;
    else
      yield* through(
        replay(first, rest[Symbol.asyncIterator]()),
        createZstdDecompress({ ...AHEAD, ...ZSTD }),
        'zstd',
      );
  }
}

/** One frame per file is common (zstd:chunked), and a stream for each is slow. `undefined`: it is not small after all, or broken. */
function smallFrame(frame: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(frame, { ...ZSTD, chunkSize: 2 ** 16, maxOutputLength: CHUNK });
  } catch {
    return undefined;
  }
}

async function* through(
  input: AsyncIterable<Buffer>,
  decoder: Transform,
  kind: string,
): AsyncGenerator<Buffer> {
  pipeline(Readable.from(input, { objectMode: true, highWaterMark: 2 }), decoder, () => {});
  try {
    yield* damage(decoder, kind);
  } finally {
    decoder.destroy();
  }
}

/** Errors of a decoder in our words. */
async function* damage(decoder: AsyncIterable<Buffer>, kind: string): AsyncGenerator<Buffer> {
  try {
    yield* decoder;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string' || !/^(?:Z_|ZSTD_)/.test(code)) throw error;
    throw code === 'Z_BUF_ERROR' || /unexpected end/i.test(String(error))
      ? badLayer('LAYER_TRUNCATED', undefined, `is cut off in the middle of its ${kind} data`)
      : badLayer(
          'LAYER_BAD_COMPRESSION',
          undefined,
          `is damaged: its ${kind} data cannot be decompressed (${code})`,
        );
  }
}
