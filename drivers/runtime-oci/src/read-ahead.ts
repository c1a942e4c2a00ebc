/**
 * Output read before it is asked for. conmon writes to its clients one after the other and waits for each, so one that
 * does not read would stop the container and everybody else's output. Up to `limit` bytes are kept; a client that is
 * further behind than that does hold the container back, as a pipe would.
 */
export interface OutputBlock {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** Blocks are cut from pieces of memory this long, one after the other: a reader that keeps up takes a packet at a time. */
const pieceSize = 256 * 1024;
const limit = 16 * 1024 * 1024;

interface Filling {
  readonly stream: 'stdout' | 'stderr';
  readonly piece: Buffer;
  readonly start: number;
  end: number;
}

export class ReadAhead {
  readonly #blocks: Filling[] = [];
  #piece: Buffer = Buffer.alloc(0);
  #used = 0;
  #size = 0;
  #ended = false;
  #error: unknown;
  #onData: () => void = () => undefined;
  #onRoom: () => void = () => undefined;

  /** Small packets of one stream are joined while nobody takes them. */
  push(stream: 'stdout' | 'stderr', data: Buffer): void {
    if (this.#used + data.length > this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(Math.max(pieceSize, data.length));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += data.copy(this.#piece, start);
    const last = this.#blocks.at(-1);
    if (last?.stream === stream && last.piece === this.#piece) last.end = this.#used;
    else this.#blocks.push({ stream, piece: this.#piece, start, end: this.#used });
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
        this.#size -= block.end - block.start;
        this.#onRoom();
        yield { stream: block.stream, data: block.piece.subarray(block.start, block.end) };
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
