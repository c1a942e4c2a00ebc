import { write } from 'node:fs';

const BUFFER = 1 << 18;
const RETRY_MS = 5;

/**
 * Bytes to descriptors 1 and 2 in the order they came, without blocking the event loop: signals and input go on while
 * a reader is slow. Two buffers take turns, one being filled while the other is written, so small packets are joined,
 * memory is bounded and nothing is allocated per packet.
 */
export class OutputQueue {
  #filling = Buffer.allocUnsafeSlow(BUFFER);
  #spare = Buffer.allocUnsafeSlow(BUFFER);
  #used = 0;
  /** Where the bytes in `#filling` go. */
  #descriptor = 1;
  #draining: Promise<void> | undefined;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  /** Resolves at once while the reader keeps up. The data is copied. @throws EPIPE when the reader has gone */
  async write(descriptor: number, data: Uint8Array): Promise<void> {
    let rest = data;
    while (rest.length > 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#used === BUFFER || (this.#used > 0 && descriptor !== this.#descriptor)) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        continue;
      }
      this.#descriptor = descriptor;
      const taken = rest.subarray(0, BUFFER - this.#used);
      this.#filling.set(taken, this.#used);
      this.#used += taken.length;
      rest = rest.subarray(taken.length);
      this.#draining ??= this.#drain();
    }
  }

  /** Everything is written. */
  async flush(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #drain(): Promise<void> {
    try {
      // Let the packets of this turn of the loop gather.
      await Promise.resolve();
      while (this.#used > 0) {
        const full = this.#filling.subarray(0, this.#used);
        [this.#filling, this.#spare] = [this.#spare, this.#filling];
        this.#used = 0;
        this.#wake();
        await writeFully(this.#descriptor, full);
      }
    } catch (error) {
      this.#failure = error as Error;
    } finally {
      this.#draining = undefined;
      this.#wake();
    }
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

async function writeFully(descriptor: number, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length; ) at += await writeSome(descriptor, data.subarray(at));
}

function writeSome(descriptor: number, data: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, data, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), RETRY_MS);
      else reject(error);
    });
  });
}
