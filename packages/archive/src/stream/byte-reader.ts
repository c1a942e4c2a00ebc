const NONE: Buffer = Buffer.alloc(0);

/**
 * Chunks of any size, read in portions of ours. Views are handed out, nothing is copied unless a portion spans chunks. A
 * chunk is not touched any more once the next is asked for, so a source may use its memory again.
 */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #window: Buffer = NONE;
  /** Portions that span chunks, one at a time. */
  #joined: Buffer = NONE;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** `length` bytes in one piece (keep it ≤ 1 MiB), fewer only at the end. Valid until the next call. */
  async take(length: number): Promise<Buffer> {
    if (this.#window.length < length) return this.#gather(length);
    const taken = this.#window.subarray(0, length);
    this.#window = this.#window.subarray(length);
    return taken;
  }

  /** What is at hand, at most `max` bytes; empty at the end. */
  async some(max: number): Promise<Buffer> {
    if (this.#window.length === 0) await this.#next();
    return this.take(Math.min(max, this.#window.length));
  }

  /** Pass over `length` bytes; how many were missing at the end. */
  async skip(length: number): Promise<number> {
    let left = length;
    while (left > 0) {
      if (this.#window.length === 0 && !(await this.#next())) return left;
      const step = Math.min(left, this.#window.length);
      this.#window = this.#window.subarray(step);
      left -= step;
    }
    return 0;
  }

  /** Read to the end. */
  async drain(): Promise<void> {
    this.#window = NONE;
    while (await this.#next()) this.#window = NONE;
  }

  /** Give up: lets the stream close its descriptors. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.();
  }

  async #gather(length: number): Promise<Buffer> {
    if (this.#joined.length < length) this.#joined = Buffer.allocUnsafeSlow(length);
    let have = 0;
    do {
      const part = this.#window.subarray(0, length - have);
      this.#joined.set(part, have);
      have += part.length;
      this.#window = this.#window.subarray(part.length);
    } while (have < length && (await this.#next()));
    return this.#joined.subarray(0, have);
  }

  async #next(): Promise<boolean> {
    while (!this.#ended) {
      const { done, value } = await this.#chunks.next();
      if (done === true) {
        this.#ended = true;
        break;
      }
      if (value.length === 0) continue;
      this.received(value);
      this.#window = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return true;
    }
    return false;
  }

  /** Each chunk once, before anything of it is handed out. */
  protected received(_chunk: Uint8Array): void {}
}
