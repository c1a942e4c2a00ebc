import type { FileStat, Tree } from '@strata/core';
import { joinPath, pathBytes, type RawPath } from '../path/raw-path.ts';
import { isOpaque, isWhiteout } from './overlay-marks.ts';

/** One directory as a stack of trees shows it: the trees that contribute, nearest first. */
export interface Level {
  readonly path: RawPath;
  readonly trees: readonly Tree[];
  /** Read whiteouts and opaque marks as overlayfs does; otherwise they are what they look like. */
  readonly overlay: boolean;
}

/** What a {@link Level} shows under a name. */
export interface Node {
  readonly tree: Tree;
  readonly stat: FileStat;
  /** Of a directory: the level below. */
  readonly level: Level | undefined;
}

export function plainRoot(tree: Tree): Level {
  return { path: '', trees: [tree], overlay: false };
}

export function overlayRoot(layers: readonly Tree[]): Level {
  return { path: '', trees: layers, overlay: true };
}

export function childOf(level: Level, name: RawPath): Node | undefined {
  const path = joinPath(level.path, name);
  const bytes = pathBytes(path);
  const below: Tree[] = [];
  let top: { tree: Tree; stat: FileStat } | undefined;
  for (const tree of level.trees) {
    const stat = tree.lstat(bytes);
    if (stat === undefined) continue;
    if (level.overlay && isWhiteout(stat)) break;
    if (stat.type !== 'directory') {
      if (top === undefined) return { tree, stat, level: undefined };
      break;
    }
    top ??= { tree, stat };
    below.push(tree);
    if (level.overlay && isOpaque(tree, bytes)) break;
  }
  return top === undefined ? undefined : { ...top, level: { path, trees: below, overlay: level.overlay } };
}

/** Names a directory shows; unordered. */
export function namesOf(level: Level): Set<RawPath> {
  const names = new Set<RawPath>();
  const gone = new Set<RawPath>();
  const bytes = pathBytes(level.path);
  for (const tree of level.trees) {
    for (const entry of tree.readdir(bytes)) {
      const name = entry.name.toString('latin1');
      if (names.has(name) || gone.has(name)) continue;
      const node =
        level.overlay && entry.type === 'char'
          ? tree.lstat(pathBytes(joinPath(level.path, name)))
          : undefined;
      (node !== undefined && isWhiteout(node) ? gone : names).add(name);
    }
  }
  return names;
}

/** What a stack of overlay layers (nearest first) shows at a path, links not followed; `undefined`: nothing. */
export function lookUp(layers: readonly Tree[], path: RawPath): Node | undefined {
  let node: Node | undefined;
  let level: Level | undefined = overlayRoot(layers);
  for (const part of path.split('/')) {
    node = level === undefined ? undefined : childOf(level, part);
    if (node === undefined) return undefined;
    level = node.level;
  }
  return node;
}
