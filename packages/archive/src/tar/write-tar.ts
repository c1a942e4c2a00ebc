import { encodeHeader, type TarHeader } from './encode-header.ts';
import { BLOCK } from './tar-entry.ts';

/** A member with its body: exactly `header.size` bytes. */
export interface TarMember {
  readonly header: TarHeader;
  readonly body?: Iterable<Buffer>;
}

const CHUNK = 2 ** 18;
const END = Buffer.alloc(2 * BLOCK);

/** A tar archive of these members, in this order, with its end mark; in pieces fit to write out. */
export function writeTar(members: Iterable<TarMember>): Generator<Buffer> {
  return gathered(pieces(members));
}

function* pieces(members: Iterable<TarMember>): Generator<Buffer> {
  for (const { header, body } of members) {
    yield encodeHeader(header);
    if (body === undefined || header.size === 0) continue;
    yield* body;
    const rest = header.size % BLOCK;
    if (rest > 0) yield END.subarray(0, BLOCK - rest);
  }
  yield END;
}

/** Join small pieces; pass large ones on as they are. */
function* gathered(input: Iterable<Buffer>): Generator<Buffer> {
  let chunk = Buffer.allocUnsafe(CHUNK);
  let used = 0;
  for (const piece of input) {
    if (used + piece.length > CHUNK) {
      if (used > 0) yield chunk.subarray(0, used);
      chunk = Buffer.allocUnsafe(CHUNK);
      used = 0;
    }
    if (piece.length >= CHUNK / 4 && used === 0) yield piece;
    else if (piece.length > CHUNK) yield piece;
    else used += piece.copy(chunk, used);
  }
  if (used > 0) yield chunk.subarray(0, used);
}
