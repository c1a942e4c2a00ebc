import type { Job, Tree } from '@strata/core';
import { type ChangesSource, changesOf } from './diff/changes-of.ts';

export interface ListedChange {
  /** Docker's letters: added, changed, deleted. */
  readonly kind: 'A' | 'C' | 'D';
  /** Relative, raw bytes. */
  readonly path: Uint8Array;
}

/** What a layer changed, in a worker thread (`strata diff`). */
const diffLayerJob: Job<ChangesSource, never, readonly ListedChange[]> = async (source, context) => {
  using trees = new DisposableStack();
  const open = (path: string): Tree => trees.use(context.host.files.openTree(path));
  const listed: ListedChange[] = [];
  for (const { kind, path } of changesOf(source, open)) {
    context.signal.throwIfAborted();
    if (kind !== 'U') listed.push({ kind, path });
  }
  return listed;
};

export default diffLayerJob;
