import type { FileStat, Tree } from '@strata/core';
import { childOf, type Level, type Node, namesOf, overlayRoot, plainRoot } from '../apply/merged-view.ts';
import { isOpaque } from '../apply/overlay-marks.ts';
import {
  baseOf,
  cleanPath,
  compareRaw,
  joinPath,
  parentOf,
  pathBytes,
  type RawPath,
  rawPath,
} from '../path/raw-path.ts';
import { sameEntry } from './same-entry.ts';

/**
 * One difference, with Docker's letters: added, changed, deleted. A deleted directory is one change; a directory in
 * which something changed is `C` too, before its content. `U`, only on request: unchanged, but a hard link whose
 * other names may have changed.
 */
export type Change =
  | { readonly kind: 'D'; readonly path: Buffer }
  | {
      readonly kind: 'A' | 'C' | 'U';
      readonly path: Buffer;
      readonly stat: FileStat;
      /** Where its content is. */
      readonly tree: Tree;
      /** Its path there, when that is another one. */
      readonly source?: Buffer;
    };

export interface DiffOptions {
  /** Only these paths (and what is new below them) can differ; relative, raw bytes. */
  readonly candidates?: Iterable<Uint8Array> | undefined;
  /** Also yield unchanged hard-linked files (`U`), which {@link layerTar} needs to keep links together. */
  readonly links?: boolean;
}

/** Names below a directory that may differ. */
type Select = (lower: Level | undefined, upper: Level) => Iterable<RawPath>;

/**
 * Differences of two whole trees, in the order of a walk that sorts names by their bytes; lazily, a directory at a
 * time. Without `lower` all is added. The root's own metadata is not compared (as containerd).
 */
export function diffTrees(
  lower: Tree | undefined,
  upper: Tree,
  options: DiffOptions = {},
): Generator<Change> {
  const select = options.candidates === undefined ? everything : only(options.candidates);
  return walk(lower === undefined ? undefined : plainRoot(lower), plainRoot(upper), {
    select,
    links: options.links === true,
  });
}

/**
 * The same differences read from an overlay's upper directory and its lower ones (nearest first), looking only at
 * what the upper directory holds. Entries that were copied up but not changed are left out.
 */
export function diffOverlay(
  upper: Tree,
  lowers: readonly Tree[],
  options: { readonly links?: boolean } = {},
): Generator<Change> {
  return walk(overlayRoot(lowers), overlayRoot([upper, ...lowers]), {
    select: (lower, merged) => recorded(upper, lower, merged),
    links: options.links === true,
  });
}

function everything(lower: Level | undefined, upper: Level): Iterable<RawPath> {
  if (lower === undefined) return namesOf(upper);
  return new Set([...namesOf(upper), ...namesOf(lower)]);
}

function recorded(upperTree: Tree, lower: Level | undefined, merged: Level): Iterable<RawPath> {
  // Not in the upper directory: nothing below it changed.
  if (merged.trees[0] !== upperTree) return [];
  const bytes = pathBytes(merged.path);
  const names = new Set(upperTree.readdir(bytes).map((entry) => rawPath(entry.name)));
  return lower !== undefined && merged.path !== '' && isOpaque(upperTree, bytes)
    ? new Set([...names, ...namesOf(lower)])
    : names;
}

function only(candidates: Iterable<Uint8Array>): Select {
  const below = new Map<RawPath, Set<RawPath>>();
  for (const bytes of candidates) {
    for (let path = cleanPath(rawPath(bytes)); path !== ''; path = parentOf(path)) {
      const parent = parentOf(path);
      const names = below.get(parent);
      if (names?.has(baseOf(path)) === true) break;
      if (names === undefined) below.set(parent, new Set([baseOf(path)]));
      else names.add(baseOf(path));
    }
  }
  return (lower, upper) => (lower === undefined ? namesOf(upper) : (below.get(upper.path) ?? []));
}

interface WalkOptions {
  readonly select: Select;
  readonly links: boolean;
}

function* walk(lower: Level | undefined, upper: Level, options: WalkOptions): Generator<Change> {
  for (const name of [...options.select(lower, upper)].sort(compareRaw)) {
    const path = joinPath(upper.path, name);
    const before = lower === undefined ? undefined : childOf(lower, name);
    const after = childOf(upper, name);
    if (after !== undefined) yield* compare(path, { before, after }, options);
    else if (before !== undefined) yield { kind: 'D', path: pathBytes(path) };
  }
}

function* compare(
  path: RawPath,
  nodes: { readonly before: Node | undefined; readonly after: Node },
  options: WalkOptions,
): Generator<Change> {
  const { before, after } = nodes;
  const change = (kind: 'A' | 'C' | 'U'): Change => ({
    kind,
    path: pathBytes(path),
    stat: after.stat,
    tree: after.tree,
  });
  const changed = before === undefined || !sameEntry(before, after, path);
  if (changed) yield change(before === undefined ? 'A' : 'C');
  else if (options.links && after.stat.type === 'file' && after.stat.nlink > 1) yield change('U');
  if (after.level === undefined) return;
  let announced = changed;
  for (const inner of walk(before?.level, after.level, options)) {
    if (!announced && inner.kind !== 'U') {
      announced = true;
      yield change('C');
    }
    yield inner;
  }
}
