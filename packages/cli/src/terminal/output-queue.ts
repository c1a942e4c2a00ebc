import { write } from 'node:fs';

const HIGH_WATER = 1 << 20;
const RETRY_MS = 5;

/**
 * Bytes to descriptors 1 and 2 in the order they came, without blocking the event loop: signals and input go on while
 * a reader is slow. Small packets are joined; memory is bounded.
 */
export class OutputQueue {
  #entries: { descriptor: number; data: Buffer }[] = [];
  #bytes = 0;
  #draining: Promise<void> | undefined;
  #failure: Error | undefined;

  /** Resolves at once while the reader keeps up. The data is copied. @throws EPIPE when the reader has gone */
  async write(descriptor: number, data: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#entries.push({ descriptor, data: Buffer.from(data) });
    this.#bytes += data.length;
    this.#draining ??= this.#drain();
    if (this.#bytes > HIGH_WATER) await this.flush();
  }

  /** Everything is written. */
  async flush(): Promise<void> {
    await this.#draining;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #drain(): Promise<void> {
    try {
      // Let the packets of this turn of the loop gather.
      await Promise.resolve();
      while (this.#entries.length > 0) {
        const { descriptor } = this.#entries[0]!;
        const other = this.#entries.findIndex((entry) => entry.descriptor !== descriptor);
        const batch = this.#entries.splice(0, other < 0 ? this.#entries.length : other);
        const data = batch.length === 1 ? batch[0]!.data : Buffer.concat(batch.map((entry) => entry.data));
        await writeFully(descriptor, data);
        this.#bytes -= data.length;
      }
    } catch (error) {
      this.#failure = error as Error;
    } finally {
      this.#draining = undefined;
    }
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
