import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import type { Compression } from './decompress.ts';

export interface BlobOptions {
  /** Absolute path; must not exist yet. */
  readonly path: string;
  readonly compression: Compression;
  /** gzip 1–9 (default 6, as Docker), zstd 1–22 (default 3). */
  readonly level?: number | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: ((progress: { readonly uncompressed: number }) => void) | undefined;
}

export interface WrittenBlob {
  /** Digest of the uncompressed bytes. */
  readonly diffId: string;
  readonly uncompressedSize: number;
  /** Digest and size of the file. */
  readonly digest: string;
  readonly size: number;
}

/** Write bytes, compressed, to a new file, durably (fsync), hashing both sides on the way. */
export async function writeBlob(chunks: Iterable<Buffer>, options: BlobOptions): Promise<WrittenBlob> {
  const plain = new Counted(options.onProgress);
  const packed = options.compression === 'none' ? plain : new Counted();
  const file = createWriteStream(options.path, { flags: 'wx', mode: 0o600, flush: true });
  const input = Readable.from(plain.over(chunks), { objectMode: true, highWaterMark: 4 });
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  if (options.compression === 'none') await pipeline(input, file, signal);
  else
    await pipeline(
      input,
      compressor(options),
      (bytes: AsyncIterable<Buffer>) => packed.over(bytes),
      file,
      signal,
    );
  const diffId = plain.digest();
  return {
    diffId,
    uncompressedSize: plain.bytes,
    digest: packed === plain ? diffId : packed.digest(),
    size: packed.bytes,
  };
}

function compressor({ compression, level }: BlobOptions) {
  const chunkSize = 2 ** 18;
  if (compression === 'gzip') return createGzip({ chunkSize, level: level ?? 6 });
  return createZstdCompress({ chunkSize, params: { [constants.ZSTD_c_compressionLevel]: level ?? 3 } });
}

class Counted {
  bytes = 0;
  readonly #hash = createHash('sha256');
  readonly #onProgress: BlobOptions['onProgress'];

  constructor(onProgress?: BlobOptions['onProgress']) {
    this.#onProgress = onProgress;
  }

  async *over(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.bytes += chunk.length;
      this.#hash.update(chunk);
      this.#onProgress?.({ uncompressed: this.bytes });
      yield chunk;
    }
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}
