/**
 * Output read before it is asked for. conmon writes to its clients one after the other and waits for each, so one that
 * does not read would stop the container and everybody else's output. Up to `limit` bytes are kept; a client that is
 * further behind than that does hold the container back, as a pipe would.
 */
export interface OutputBlock {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

const blockSize = 64 * 1024;
const limit = 16 * 1024 * 1024;

interface Filling {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
  used: number;
}

export class ReadAhead {
  readonly #blocks: Filling[] = [];
  #size = 0;
  #ended = false;
  #error: unknown;
  #onData: () => void = () => undefined;
  #onRoom: () => void = () => undefined;

  /** Small packets of one stream are joined while nobody takes them. */
  push(stream: 'stdout' | 'stderr', data: Buffer): void {
    const last = this.#blocks.at(-1);
    if (last?.stream === stream && last.used + data.length <= last.bytes.length) {
      last.used += data.copy(last.bytes, last.used);
    } else {
      const bytes = Buffer.allocUnsafe(Math.max(blockSize, data.length));
      this.#blocks.push({ stream, bytes, used: data.copy(bytes) });
    }
    this.#size += data.length;
    this.#onData();
  }

  /** Resolves while there is room; waits for the reader otherwise. */
  async room(): Promise<void> {
    while (this.#size > limit && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
  }

  end(error?: unknown): void {
    this.#ended = true;
    this.#error ??= error;
    this.#onData();
    this.#onRoom();
  }

  async *blocks(): AsyncGenerator<OutputBlock> {
    for (;;) {
      const block = this.#blocks.shift();
      if (block !== undefined) {
        this.#size -= block.used;
        this.#onRoom();
        yield { stream: block.stream, data: block.bytes.subarray(0, block.used) };
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#onData = resolve;
        });
      }
    }
  }
}
