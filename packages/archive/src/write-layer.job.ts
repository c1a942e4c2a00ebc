import type { Job, Tree } from '@strata/core';
import { type ChangesSource, changesOf } from './diff/changes-of.ts';
import { layerTar } from './diff/layer-tar.ts';
import type { Compression } from './stream/decompress.ts';
import { type WrittenBlob, writeBlob } from './stream/write-blob.ts';

export interface WriteLayerInput {
  readonly source: ChangesSource;
  readonly output: {
    /** Absolute path of a file that does not exist yet. */
    readonly path: string;
    readonly compression: Compression;
    readonly level?: number;
  };
  /** No file is newer than this (SOURCE_DATE_EPOCH); nanoseconds. */
  readonly maxMtimeNs?: bigint;
  /** Not a layer (`export`): names that start with `.wh.` are ordinary. */
  readonly plain?: boolean;
}

/** Changes → tar → compression → file, in a worker thread. A failed file is the caller's to remove. */
const writeLayerJob: Job<WriteLayerInput, { readonly uncompressed: number }, WrittenBlob> = async (
  input,
  context,
) => {
  using trees = new DisposableStack();
  const open = (path: string): Tree => trees.use(context.host.files.openTree(path));
  const changes = changesOf(input.source, open, true);
  const options = { maxMtimeNs: input.maxMtimeNs, plain: input.plain === true };
  return await writeBlob(layerTar(changes, options), {
    ...input.output,
    signal: context.signal,
    onProgress: context.progress,
  });
};

export default writeLayerJob;
