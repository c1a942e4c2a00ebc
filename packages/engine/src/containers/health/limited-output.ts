import type { AttachedStreams } from '@strata/core';

/** Bytes of a probe's output that are kept (moby health.go maxOutputLen). */
const limit = 4096;

/** The beginning of what a probe prints; the rest is read and dropped, so that it does not block. */
export class LimitedOutput {
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #cut = false;

  add(data: Uint8Array): void {
    const kept = Buffer.from(data.subarray(0, limit - this.#length));
    if (kept.length > 0) this.#chunks.push(kept);
    this.#length += kept.length;
    if (kept.length < data.length) this.#cut = true;
  }

  /** Until the stream ends; a failure of it ends it as well. */
  async readFrom(streams: AttachedStreams): Promise<void> {
    try {
      for await (const { data } of streams.output()) this.add(data);
    } catch {
      // The monitor was killed under it.
    }
  }

  toString(): string {
    return `${Buffer.concat(this.#chunks).toString('utf8')}${this.#cut ? '...' : ''}`;
  }
}
