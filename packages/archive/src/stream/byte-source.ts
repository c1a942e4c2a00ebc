import { createHash, type Hash } from 'node:crypto';
import { tooLarge } from '../layer-error.ts';
import { ByteReader } from './byte-reader.ts';

/** Bytes read in order, each hashed once: the diffID is that of *all* of them, also of what follows the archive. */
export class ByteSource extends ByteReader {
  readonly #hash: Hash = createHash('sha256');
  readonly #maxBytes: number;
  readonly #onChunk: ((total: number) => void) | undefined;
  #total = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, maxBytes: number, onChunk?: (total: number) => void) {
    super(chunks);
    this.#maxBytes = maxBytes;
    this.#onChunk = onChunk;
  }

  /** Bytes received so far. */
  get total(): number {
    return this.#total;
  }

  /** Digest of everything received; only after {@link drain}, and once. */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }

  protected override received(chunk: Uint8Array): void {
    this.#total += chunk.length;
    if (this.#total > this.#maxBytes)
      throw tooLarge(`unpacks to more than the limit of ${this.#maxBytes} bytes`);
    this.#hash.update(chunk);
    this.#onChunk?.(this.#total);
  }
}
