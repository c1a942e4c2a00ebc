import type { Job, Tree } from '@strata/core';
import { type AppliedLayer, type ApplyProgress, applyLayer } from './apply/apply-layer.ts';
import type { TarLimits } from './tar/tar-entry.ts';

export interface ApplyLayerInput {
  /** Absolute path of the blob. */
  readonly blob: string;
  /** Of a blob that is still arriving: the `shared` of its `Growth`. */
  readonly growth?: SharedArrayBuffer;
  readonly mediaType?: string;
  /** As the driver's `UnpackTarget`. */
  readonly target: { readonly path: string; readonly whiteouts: 'overlay' | 'execute' };
  /** Overlay only: directories of the layers below, nearest first. */
  readonly parents?: readonly string[];
  /** As many layers as there are cores are unpacked at once: decompress on this thread, fast or not. */
  readonly crowded?: boolean;
  readonly limits?: Partial<TarLimits>;
}

/** {@link applyLayer} in a worker thread: a blob file into a directory. */
const applyLayerJob: Job<ApplyLayerInput, ApplyProgress, AppliedLayer> = async (input, context) => {
  using trees = new DisposableStack();
  const open = (path: string): Tree => trees.use(context.host.files.openTree(path));
  const { blob: path, growth } = input;
  const inflater = context.host.inflater?.();
  return await applyLayer(growth === undefined ? { path } : { path, growth }, open(input.target.path), {
    whiteouts: input.target.whiteouts,
    mediaType: input.mediaType,
    inflater: input.crowded === true || inflater?.fast === true ? inflater : undefined,
    parents: input.parents?.map(open),
    limits: input.limits ?? {},
    signal: context.signal,
    onProgress: context.progress,
  });
};

export default applyLayerJob;
