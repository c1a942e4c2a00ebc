import type { FileMeta, FileWriter } from '@strata/core';
import { pathBytes, type RawPath } from '../path/raw-path.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import type { TarReader } from '../tar/tar-reader.ts';
import type { LayerRoot } from './layer-root.ts';

/** Up to here a file is written in one call. */
const SMALL = 2 ** 20;
const PIECE = 2 ** 20;
/** Runs of zeros this long become holes; shorter ones are not worth a call. */
const ZEROS = Buffer.alloc(2 ** 16);

/** Write a file's content from the archive. */
export async function writeBody(
  root: LayerRoot,
  reader: TarReader,
  target: { readonly entry: TarEntry; readonly path: RawPath; readonly meta: FileMeta },
): Promise<void> {
  const { entry, path, meta } = target;
  const bytes = pathBytes(path);
  if (entry.sparse === undefined && entry.size <= SMALL) {
    const content = await reader.readAll();
    root.over(path, () => root.tree.writeFile(bytes, content, meta));
    return;
  }
  const writer = root.over(path, () => root.tree.createFile(bytes));
  try {
    if (entry.sparse === undefined) await copyDense(reader, writer);
    else await copySparse(reader, writer, entry);
    writer.finish(meta);
  } catch (error) {
    writer.abort();
    throw error;
  }
}

async function copyDense(reader: TarReader, writer: FileWriter): Promise<void> {
  for (let piece = await reader.read(PIECE); piece.length > 0; piece = await reader.read(PIECE)) {
    writeWithHoles(writer, piece);
  }
}

async function copySparse(reader: TarReader, writer: FileWriter, entry: TarEntry): Promise<void> {
  let at = 0;
  for (const { offset, length } of entry.sparse ?? []) {
    if (offset > at) writer.hole(offset - at);
    for (let left = length; left > 0; ) {
      const piece = await reader.read(Math.min(PIECE, left));
      writer.write(piece);
      left -= piece.length;
    }
    at = offset + length;
  }
  if (entry.size > at) writer.hole(entry.size - at);
}

function writeWithHoles(writer: FileWriter, piece: Buffer): void {
  let dataFrom = 0;
  let at = 0;
  while (at + ZEROS.length <= piece.length) {
    if (piece[at] !== 0 || !piece.subarray(at, at + ZEROS.length).equals(ZEROS)) {
      at += ZEROS.length;
      continue;
    }
    if (at > dataFrom) writer.write(piece.subarray(dataFrom, at));
    writer.hole(ZEROS.length);
    at += ZEROS.length;
    dataFrom = at;
  }
  if (dataFrom < piece.length) writer.write(piece.subarray(dataFrom));
}
