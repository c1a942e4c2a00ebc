import { StrataError, type Tree } from '@strata/core';
import { badLayer } from '../layer-error.ts';
import { baseOf, joinPath, parentOf, pathBytes, type RawPath, showPath } from '../path/raw-path.ts';
import type { LayerRoot } from './layer-root.ts';
import { namesOf, overlayRoot } from './merged-view.ts';
import { WHITEOUT_META } from './overlay-marks.ts';
import { settleLayer, type Unsettled } from './settle-layer.ts';

const PREFIX = '.wh.';
const META_PREFIX = '.wh..wh.';
const OPAQUE_NAME = '.wh..wh..opq';

/** What a name means in a layer (OCI image-spec, layer.md "Representing Changes"). */
export type Marker = 'none' | 'whiteout' | 'opaque' | 'ignore';

/** @param path cleaned. @throws LAYER_BAD_WHITEOUT for one that would name `.`, `..` or nothing */
export function markerOf(path: RawPath): Marker {
  if (!path.includes(PREFIX)) return 'none';
  const base = baseOf(path);
  if (base === OPAQUE_NAME) return 'opaque';
  // aufs kept its own bookkeeping (`.wh..wh.plnk/`, `.wh..wh.aufs`) in such names; never part of an image.
  if (path.startsWith(META_PREFIX) || path.includes(`/${META_PREFIX}`)) return 'ignore';
  if (!base.startsWith(PREFIX)) return 'none';
  const target = base.slice(PREFIX.length);
  if (target === '' || target === '.' || target === '..') {
    throw badLayer('LAYER_BAD_WHITEOUT', path, 'is a whiteout that names no file');
  }
  return 'whiteout';
}

/**
 * Deletions. They apply to the parents only, never to what this same layer has, whatever the order of entries.
 * In overlay mode they are recorded, otherwise done.
 */
export class Whiteouts {
  readonly #root: LayerRoot;
  readonly #purged = new Set<RawPath>();
  readonly #recordedIn = new Set<RawPath>();
  #rootOpaque = false;

  constructor(root: LayerRoot) {
    this.#root = root;
  }

  /** `.wh.NAME`: the parents' NAME is gone. */
  whiteout(path: RawPath): void {
    const marker = this.#root.place(path);
    const target = joinPath(parentOf(marker), baseOf(marker).slice(PREFIX.length));
    const bytes = pathBytes(target);
    const stat = this.#root.tree.lstat(bytes);
    if (this.#root.mode === 'overlay') {
      if (stat === undefined) this.#record(target);
      else if (stat.type === 'directory') this.#root.markOpaque(target);
    } else if (stat !== undefined) {
      if (!this.#root.isOurs(target)) this.#root.clear(target);
      else if (stat.type === 'directory') this.#purge(target);
    }
  }

  /** `.wh..wh..opq`: nothing of the parents shows in this directory. */
  opaque(path: RawPath): void {
    const directory = parentOf(this.#root.place(path));
    if (this.#root.mode === 'execute') this.#purge(directory);
    else if (directory !== '') this.#root.markOpaque(directory);
    else if (this.#root.parents === undefined) throw needsParents(path, 'hides the whole root');
    else this.#rootOpaque = true;
  }

  /** After the last entry. Says what has to wait for the parents, when they are not known. */
  finish(): Unsettled {
    const unsettled = {
      implied: this.#root.implied.map(pathBytes),
      whitedOut: [...this.#recordedIn].map(pathBytes),
    };
    if (this.#root.parents === undefined) return unsettled;
    if (this.#rootOpaque) this.#hideRoot(this.#root.parents);
    settleLayer(this.#root.tree, unsettled, this.#root.parents);
    return { implied: [], whitedOut: [] };
  }

  /** overlayfs has no opaque root, so each name of the parents is hidden for itself. */
  #hideRoot(parents: readonly Tree[]): void {
    for (const name of namesOf(overlayRoot(parents))) {
      const stat = this.#root.tree.lstat(pathBytes(name));
      if (stat === undefined) this.#record(name);
      else if (stat.type === 'directory') this.#root.markOpaque(name);
    }
  }

  #record(target: RawPath): void {
    this.#root.tree.mknod(pathBytes(target), 'char', WHITEOUT_META, 0, 0);
    this.#recordedIn.add(parentOf(target));
  }

  /** Remove what is not this layer's. A second time there can be nothing: parents do not come back. */
  #purge(directory: RawPath): void {
    if (this.#purged.has(directory)) return;
    this.#purged.add(directory);
    for (const { name, type } of this.#root.tree.readdir(pathBytes(directory))) {
      const path = joinPath(directory, name.toString('latin1'));
      if (!this.#root.isOurs(path)) this.#root.tree.remove(pathBytes(path));
      else if (type === 'directory') this.#purge(path);
    }
  }
}

/** An independent unpack met one of the two things that cannot be done without the parents. */
export function needsParents(path: RawPath, what: string): StrataError {
  return new StrataError(
    'failed-precondition',
    'LAYER_NEEDS_PARENTS',
    `The archive entry ${showPath(path)} ${what}, which needs the layers below`,
    {
      hint: 'Unpack this layer after its parents and pass their trees.',
    },
  );
}
