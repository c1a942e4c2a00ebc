import { ByteSource, DEFAULT_LIMITS, encodeHeader, type TarEntry, TarReader } from '@strata/archive';
import { StrataError } from '@strata/core';

const BLOCK = 512;
const PIECE = 1 << 18;

function stripSlash(name: Buffer): Buffer {
  let end = name.length;
  while (end > 0 && name[end - 1] === 0x2f) end--;
  return name.subarray(0, end);
}

/** The part below `top`: `''` for `top` itself, `/x` below it. Anything else is not what was asked for. */
function below(top: Buffer, name: Buffer): Buffer {
  if (top.length === 0 || top.equals(Buffer.from('.'))) return Buffer.concat([Buffer.from('/'), name]);
  const inside =
    name.subarray(0, top.length).equals(top) && (name.length === top.length || name[top.length] === 0x2f);
  if (inside) return name.subarray(top.length);
  throw new StrataError(
    'data-loss',
    'COPY_UNEXPECTED_ENTRY',
    `the archive has ${JSON.stringify(name.toString())} beside what was copied`,
  );
}

/**
 * The same archive with its top entry called `name`, or without it when there is no name. Entries that are not below
 * the first one are refused, so nothing lands beside the place that was chosen.
 */
export async function* renameArchive(
  tar: AsyncIterable<Uint8Array>,
  name: string | undefined,
): AsyncGenerator<Buffer> {
  const reader = new TarReader(new ByteSource(tar, DEFAULT_LIMITS.maxBytes), DEFAULT_LIMITS);
  const prefix = name === undefined ? Buffer.alloc(0) : Buffer.from(name);
  let top: Buffer | undefined;
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const path = stripSlash(entry.name);
    top ??= path;
    const rest = below(top, path);
    const renamed = Buffer.concat([prefix, name === undefined ? rest.subarray(1) : rest]);
    if (renamed.length > 0) yield* member(entry, reader, { name: renamed, link: linkOf(entry, top, prefix) });
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** Hard links name another member, so they move along. */
function linkOf(entry: TarEntry, top: Buffer, prefix: Buffer): Buffer {
  if (entry.type !== 'hardlink') return entry.linkName;
  const rest = below(top, stripSlash(entry.linkName));
  return Buffer.concat([prefix, prefix.length === 0 ? rest.subarray(1) : rest]);
}

interface Renamed {
  readonly name: Buffer;
  readonly link: Buffer;
}

async function* member(entry: TarEntry, reader: TarReader, { name, link }: Renamed): AsyncGenerator<Buffer> {
  const { type } = entry;
  if (type === 'other') return;
  if (entry.sparse !== undefined)
    throw new StrataError('unsupported', 'COPY_SPARSE', 'the archive has a sparse entry');
  yield encodeHeader({
    ...entry,
    type,
    name: type === 'directory' ? Buffer.concat([name, Buffer.from('/')]) : name,
    linkName: link,
  });
  let left = entry.size;
  while (left > 0) {
    const piece = Buffer.from(await reader.read(Math.min(PIECE, left)));
    left -= piece.length;
    yield piece;
  }
  const padding = (BLOCK - (entry.size % BLOCK)) % BLOCK;
  if (padding > 0) yield Buffer.alloc(padding);
}
