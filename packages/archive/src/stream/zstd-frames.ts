import { badLayer } from '../layer-error.ts';
import type { ByteReader } from './byte-reader.ts';

const MAGIC = 0xfd2fb528;
const PIECE = 2 ** 19;

export interface ZstdFrame {
  readonly first: Buffer;
  readonly rest: AsyncIterable<Buffer>;
  /** `first` is all of it. */
  readonly whole: boolean;
}

/**
 * The frames of a zstd stream (RFC 8878, 3.1), each as the pieces of its own bytes. Node's decoder stops at the end of the
 * first frame and says nothing; pzstd and zstd:chunked images have thousands. Skippable frames are passed over.
 */
export async function* zstdFrames(input: ByteReader): AsyncGenerator<ZstdFrame> {
  for (;;) {
    const magic = await input.take(4);
    if (magic.length === 0) return;
    if (magic.length < 4) throw cutOff();
    const number = magic.readUInt32LE(0);
    if (number === MAGIC) {
      const pieces = frame(input, Buffer.from(magic));
      const first = await pieces.next();
      if (first.done !== true) {
        const second = await pieces.next();
        yield { first: first.value, rest: continued(second, pieces), whole: second.done === true };
      }
    } else if ((number & 0xfffffff0) >>> 0 === 0x184d2a50) {
      const size = (await exactly(input, 4)).readUInt32LE(0);
      if ((await input.skip(size)) > 0) throw cutOff();
    } else
      throw badLayer(
        'LAYER_BAD_COMPRESSION',
        undefined,
        'is damaged: garbage between or after its zstd frames',
      );
  }
}

async function* continued(
  second: IteratorResult<Buffer>,
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  if (second.done !== true) yield second.value;
  yield* rest;
}

async function* frame(input: ByteReader, magic: Buffer): AsyncGenerator<Buffer> {
  const descriptor = Buffer.from(await exactly(input, 1));
  const flags = descriptor[0]!;
  const single = (flags & 0x20) !== 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const dictionary = [0, 1, 2, 4][flags & 3]!;
  const rest = Buffer.from(await exactly(input, (single ? 0 : 1) + dictionary + contentSize));
  let pieces = [magic, descriptor, rest];
  let gathered = 0;
  for (let last = false; !last; ) {
    const header = Buffer.from(await exactly(input, 3));
    const bits = header.readUIntLE(0, 3);
    last = (bits & 1) !== 0;
    // Type 1 repeats one byte.
    const size = ((bits >> 1) & 3) === 1 ? 1 : bits >> 3;
    const checksum = last && (flags & 4) !== 0 ? 4 : 0;
    pieces.push(header, Buffer.from(await exactly(input, size + checksum)));
    gathered += size;
    if (gathered < PIECE && !last) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    gathered = 0;
  }
}

async function exactly(input: ByteReader, length: number): Promise<Buffer> {
  if (length > 2 ** 21)
    throw badLayer('LAYER_BAD_COMPRESSION', undefined, 'is damaged: an impossible zstd block');
  const bytes = await input.take(length);
  if (bytes.length < length) throw cutOff();
  return bytes;
}

function cutOff() {
  return badLayer('LAYER_TRUNCATED', undefined, 'is cut off in the middle of its zstd data');
}
