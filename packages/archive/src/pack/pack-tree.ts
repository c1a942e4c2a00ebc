import type { FileStat, Tree } from '@strata/core';
import { childOf, type Level, namesOf, plainRoot } from '../apply/merged-view.ts';
import { type Change, diffTrees } from '../diff/changes.ts';
import { type LayerTarOptions, layerTar } from '../diff/layer-tar.ts';
import { compareRaw, joinPath, pathBytes, type RawPath, rawPath } from '../path/raw-path.ts';

/** A whole tree as a base layer (`init DIR`) or an export; without an entry for the root itself. */
export function packTree(tree: Tree, options: LayerTarOptions = {}): Generator<Buffer> {
  return layerTar(diffTrees(undefined, tree), options);
}

/**
 * One file or directory of a tree, with all below it, as a tar (`cp`). The path is taken as it is: a symlink is packed
 * as a symlink; resolve it first to follow it.
 *
 * @param as the name the archive gives it; the last component of `path` by default
 * @throws ENOENT when there is nothing
 */
export function packPath(tree: Tree, path: Uint8Array, as?: Uint8Array): Generator<Buffer> {
  const stat = tree.lstat(path);
  if (stat === undefined) {
    throw Object.assign(new Error(`ENOENT: no such file or directory, lstat '${rawPath(path)}'`), {
      code: 'ENOENT',
    });
  }
  const name = as === undefined ? rawPath(path).replace(/\/+$/, '').replace(/^.*\//s, '') : rawPath(as);
  return layerTar(below({ tree, from: rawPath(path), to: name }, stat), { plain: true });
}

interface Subtree {
  readonly tree: Tree;
  /** Its path in the tree, and the one the archive gives it. */
  readonly from: RawPath;
  readonly to: RawPath;
}

function* below(at: Subtree, stat: FileStat): Generator<Change> {
  yield { kind: 'A', path: pathBytes(at.to), stat, tree: at.tree, source: pathBytes(at.from) };
  if (stat.type !== 'directory') return;
  const level: Level = { ...plainRoot(at.tree), path: at.from };
  for (const name of [...namesOf(level)].sort(compareRaw)) {
    const child = childOf(level, name);
    const inner = { tree: at.tree, from: joinPath(at.from, name), to: joinPath(at.to, name) };
    if (child !== undefined) yield* below(inner, child.stat);
  }
}
