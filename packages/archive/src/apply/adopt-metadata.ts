import type { Tree } from '@strata/core';
import { rawPath } from '../path/raw-path.ts';
import { lookUp } from './merged-view.ts';
import { copyMetadata } from './parents.ts';

/**
 * Give directories a layer made without announcing them ({@link AppliedLayer.implied}) the owner, mode and attributes
 * they have in the parents, once those are unpacked: overlay trees, nearest first. Repeatable.
 */
export function adoptMetadata(tree: Tree, implied: readonly Uint8Array[], parents: readonly Tree[]): void {
  for (const bytes of implied) {
    const path = rawPath(bytes);
    const found = lookUp(parents, path);
    if (found?.stat.type === 'directory' && tree.lstat(bytes)?.type === 'directory')
      copyMetadata(found, tree, path);
  }
}
