import type { Tree } from '@strata/core';
import { joinPath, parentOf, pathBytes, type RawPath, rawPath } from '../path/raw-path.ts';
import { lookUp, type Node } from './merged-view.ts';
import { isOpaque, isWhiteout } from './overlay-marks.ts';
import { copyMetadata } from './parents.ts';

/** What an overlay layer that was unpacked without its parents could not decide; nearly always just the root. Raw bytes. */
export interface Unsettled {
  /**
   * Directories made 0755 root:root because the layer has files below but no entry for them; also the root (empty path),
   * of which an overlay mount shows only the topmost layer's.
   */
  readonly implied: readonly Uint8Array[];
  /** Directories that got whiteouts. */
  readonly whitedOut: readonly Uint8Array[];
}

/**
 * Decide it, once the parents (overlay trees, nearest first) are there. Repeatable.
 *
 * - Implied directories get the owner, mode and attributes they have in the parents.
 * - Whiteouts in directories the parents do not show are taken back: they delete nothing, and overlayfs would list them
 *   as names that cannot be opened.
 */
export function settleLayer(tree: Tree, unsettled: Unsettled, parents: readonly Tree[]): void {
  for (const bytes of unsettled.implied) {
    const found = bytes.length === 0 ? rootOf(parents) : lookUp(parents, rawPath(bytes));
    if (found?.stat.type === 'directory' && tree.lstat(bytes)?.type === 'directory') {
      copyMetadata(found, tree, rawPath(bytes));
    }
  }
  for (const bytes of unsettled.whitedOut) settleWhiteouts(tree, rawPath(bytes), parents);
}

function settleWhiteouts(tree: Tree, directory: RawPath, parents: readonly Tree[]): void {
  if (tree.lstat(pathBytes(directory))?.type !== 'directory') return;
  const merged =
    directory === '' ? parents.length > 0 : !hides(tree, directory) && isDirectory(parents, directory);
  if (merged) return;
  for (const { name, type } of tree.readdir(pathBytes(directory))) {
    if (type !== 'char') continue;
    const path = pathBytes(joinPath(directory, rawPath(name)));
    const stat = tree.lstat(path);
    if (stat !== undefined && isWhiteout(stat)) tree.unlink(path);
  }
}

function rootOf(parents: readonly Tree[]): Node | undefined {
  const tree = parents[0];
  const stat = tree?.lstat(pathBytes(''));
  return tree === undefined || stat === undefined ? undefined : { tree, stat, level: undefined };
}

function isDirectory(parents: readonly Tree[], path: RawPath): boolean {
  return lookUp(parents, path)?.stat.type === 'directory';
}

function hides(tree: Tree, path: RawPath): boolean {
  for (let at = path; at !== ''; at = parentOf(at)) if (isOpaque(tree, pathBytes(at))) return true;
  return false;
}
