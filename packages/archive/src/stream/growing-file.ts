import { open } from 'node:fs/promises';
import { StrataError } from '@strata/core';

/** A file that another thread writes and we read as it grows. */
export interface GrowingFile {
  readonly path: string;
  /** {@link Growth} of it. */
  readonly growth: SharedArrayBuffer;
}

/** Bytes that can be read, and one of these in the two lowest bits of one word, so that nothing is seen half. */
const MORE = 0n;
const ALL = 1n;
const GIVEN_UP = 2n;

/** How much of a growing file there is: the writer's side. */
export class Growth {
  readonly shared = new SharedArrayBuffer(8);
  readonly #word = new BigInt64Array(this.shared);
  #length = 0;
  #over = false;

  /** Readers may read up to here. */
  grown(length: number): void {
    if (length <= this.#length) return;
    this.#length = length;
    this.#set(MORE);
  }

  /** That is all of it. */
  end(length: number): void {
    this.#length = length;
    this.#set(ALL);
  }

  /** No more will come, or what came was taken back: readers fail. */
  giveUp(): void {
    this.#set(GIVEN_UP);
  }

  #set(phase: bigint): void {
    if (this.#over) return;
    this.#over = phase === GIVEN_UP;
    Atomics.store(this.#word, 0, (BigInt(this.#length) << 2n) | phase);
    Atomics.notify(this.#word, 0);
  }
}

/** The bytes of a growing file, each piece once it is there. @throws aborted `BLOB_INCOMPLETE` when the writer gave up */
export async function* growingBytes(
  { path, growth }: GrowingFile,
  pieceSize: number,
): AsyncGenerator<Buffer> {
  const word = new BigInt64Array(growth);
  const file = await open(path);
  try {
    for (let at = 0; ; ) {
      const seen = Atomics.load(word, 0);
      const [length, phase] = [Number(seen >> 2n), seen & 3n];
      if (phase === GIVEN_UP) throw new StrataError('aborted', 'BLOB_INCOMPLETE', 'The blob did not arrive');
      if (at < length) {
        const piece = Buffer.allocUnsafeSlow(Math.min(pieceSize, length - at));
        const { bytesRead } = await file.read(piece, 0, piece.length, at);
        if (bytesRead === 0) throw new StrataError('aborted', 'BLOB_INCOMPLETE', 'The blob was cut off');
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      } else if (phase === ALL) return;
      else await Atomics.waitAsync(word, 0, seen).value;
    }
  } finally {
    await file.close();
  }
}
