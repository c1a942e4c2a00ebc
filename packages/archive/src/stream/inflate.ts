import type { Inflater } from '@strata/core';
import { badLayer } from '../layer-error.ts';

/** Small enough to stay in the core's cache while it is hashed and written. */
const PIECE = 2 ** 18;
/** Pieces before the event loop gets a turn: a cancellation comes by message. */
const BURST = 16;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * gzip members, one after the other, on this thread. A piece is good until the next is asked for: there is one buffer.
 * After the last member come zeros, which tar pads with, or nothing.
 */
export async function* inflated(input: AsyncIterable<Buffer>, inflater: Inflater): AsyncGenerator<Buffer> {
  const output = Buffer.allocUnsafeSlow(PIECE);
  let filled = 0;
  let pieces = 0;
  let complete = false;
  for await (const chunk of input) {
    for (let rest = chunk; ; ) {
      if (complete) {
        if (rest.length === 0) break;
        if (rest[0] === 0) return yield* last(output, filled);
        inflater.nextMember();
      }
      const { read, written, ended } = inflater.inflate(rest, output.subarray(filled));
      complete = ended;
      rest = rest.subarray(read);
      filled += written;
      if (filled === PIECE) {
        yield output;
        filled = 0;
        if (++pieces % BURST === 0) await turn();
      } else if (rest.length === 0) break;
    }
  }
  if (!complete) throw badLayer('LAYER_TRUNCATED', undefined, 'is cut off in the middle of its gzip data');
  yield* last(output, filled);
}

function* last(output: Buffer, filled: number): Generator<Buffer> {
  if (filled > 0) yield output.subarray(0, filled);
}
