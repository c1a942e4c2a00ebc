/**
 * A layer small enough to be made here and now: to start a thread and load this code in it takes longer than to pack
 * a megabyte.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Tree } from '@strata/core';
import type { Change } from '../diff/changes.ts';
import { type ChangesSource, changesOf } from '../diff/changes-of.ts';
import { layerTar } from '../diff/layer-tar.ts';
import type { WrittenBlob } from '../stream/write-blob.ts';

/** Bytes of a tar, and milliseconds to find out what goes into it, for which the caller may stand still. */
const MAX_BYTES = 2 ** 20;
const MAX_TIME = 50;

/** The tar of these changes; undefined when it is not small, or would have to be searched for. */
export function smallLayerTar(source: ChangesSource, openTree: (path: string) => Tree): Buffer | undefined {
  if (source.kind === 'trees' && source.candidates === undefined) return undefined;
  using trees = new DisposableStack();
  const clock = new Clock();
  const changes = clock.limit(changesOf(source, (path) => trees.use(openTree(path)), true));
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (const chunk of layerTar(changes)) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return clock.isOver ? undefined : Buffer.concat(chunks, bytes);
}

/** As `writeBlob` would. */
export function packLayerTar(tar: Buffer): WrittenBlob & { readonly bytes: Buffer } {
  const bytes = gzipSync(tar, { level: 6 });
  return {
    bytes,
    diffId: digestOf(tar),
    uncompressedSize: tar.length,
    digest: digestOf(bytes),
    size: bytes.length,
  };
}

class Clock {
  isOver = false;
  readonly #deadline = performance.now() + MAX_TIME;

  *limit(changes: Iterable<Change>): Generator<Change> {
    for (const change of changes) {
      yield change;
      this.isOver = performance.now() > this.#deadline;
      if (this.isOver) return;
    }
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
