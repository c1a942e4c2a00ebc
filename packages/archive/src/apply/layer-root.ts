import { errnoOf, type FileMeta, type Tree } from '@strata/core';
import { badLayer } from '../layer-error.ts';
import { PathSet } from '../path/path-set.ts';
import { baseOf, joinPath, parentOf, pathBytes, type RawPath } from '../path/raw-path.ts';
import { lookUp } from './merged-view.ts';
import { isWhiteout, setOpaque } from './overlay-marks.ts';
import { copyMetadata } from './parents.ts';

/**
 * - `overlay`, `execute`: as in `UnpackTarget`.
 * - `plain`: no layer at all; what is there belongs to the archive's own world (`cp`, `import`).
 */
export type RootMode = 'overlay' | 'execute' | 'plain';

export interface LayerRootOptions {
  readonly mode: RootMode;
  /** Trees of the parents, nearest first, in overlay mode; `undefined`: not known yet. */
  readonly parents?: readonly Tree[] | undefined;
  /** Directories nobody announced, at most. */
  readonly maxImplied: number;
}

const MAX_LINKS = 40;
const IMPLIED: FileMeta = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };

/**
 * # The directory a layer is unpacked into
 *
 * Every name is resolved here, one component after the other, by one rule that needs no knowledge of the parents, so
 * that a layer unpacks to the same tree alone (`overlay`) and over its parents (`execute`):
 *
 * **A layer walks only on what it made.** A symlink of *this* layer on the way is followed, inside the root. A
 * symlink, file or node of a *parent* on the way is replaced by a directory, which is what overlayfs shows when the
 * layer has a directory there (and what Docker and containerd do on overlay). A file of this layer on the way is an error.
 *
 * Directories on the way that the archive does not announce are made 0755 root:root, or with the metadata they have
 * in the parents. {@link touched} knows what belongs to this layer; in overlay mode that is simply all there is.
 */
export class LayerRoot {
  readonly tree: Tree;
  readonly mode: RootMode;
  readonly parents: readonly Tree[] | undefined;
  /** Overlay: directories made without knowing the parents' metadata. */
  readonly implied: RawPath[] = [];
  /** A directory made earlier was replaced: paths kept for later must be looked at again. */
  replaced = false;
  readonly #maxImplied: number;
  readonly #touched: PathSet | undefined;
  readonly #opaque = new Set<RawPath>();
  readonly #known = new Map<RawPath, RawPath>();
  #impliedCount = 0;
  #links = 0;

  constructor(tree: Tree, options: LayerRootOptions) {
    this.tree = tree;
    this.mode = options.mode;
    this.parents = options.parents;
    this.#maxImplied = options.maxImplied;
    this.#touched = options.mode === 'execute' ? new PathSet() : undefined;
  }

  /** Does this layer, not a parent, have this path? */
  isOurs(path: RawPath): boolean {
    return this.#touched === undefined || this.#touched.has(path);
  }

  /** From now on the path is this layer's. */
  touch(path: RawPath): void {
    this.#touched?.add(path);
  }

  /** Where a cleaned path leads: its parents resolved and made, the last component as it is. */
  place(path: RawPath): RawPath {
    if (path.length > 4095) throw badLayer('LAYER_BAD_NAME', path, 'has a name of more than 4095 bytes');
    this.#links = 0;
    const parent = parentOf(path);
    return parent === '' ? path : joinPath(this.#directory(parent, true)!, baseOf(path));
  }

  /** Where a path leads without making anything; `undefined` when a parent layer's link or a file is in the way. */
  find(path: RawPath): RawPath | undefined {
    if (path.length > 4095) return undefined;
    this.#links = 0;
    const parent = this.#directory(parentOf(path), false);
    return parent === undefined ? undefined : joinPath(parent, baseOf(path));
  }

  /** Run `create`; when the name is taken, clear it and run again. */
  over<T>(path: RawPath, create: () => T): T {
    try {
      return create();
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      this.clear(path);
      return create();
    }
  }

  clear(path: RawPath): void {
    this.tree.remove(pathBytes(path));
    this.#known.clear();
    this.replaced = true;
  }

  /** Hide what the parents have in this directory. */
  markOpaque(path: RawPath): void {
    setOpaque(this.tree, pathBytes(path));
    this.#opaque.add(path);
  }

  /** Is a directory above hidden from the parents already? */
  isHidden(path: RawPath): boolean {
    if (this.#opaque.size === 0) return false;
    for (let at = path; at !== ''; at = parentOf(at)) if (this.#opaque.has(at)) return true;
    return false;
  }

  #directory(path: RawPath, make: boolean): RawPath | undefined {
    if (path === '') return '';
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const parent = this.#directory(parentOf(path), make);
    if (parent === undefined) return undefined;
    const resolved = this.#step(parent, baseOf(path), make);
    if (resolved !== undefined && make) {
      if (this.#known.size > 4096) this.#known.clear();
      this.#known.set(path, resolved);
    }
    return resolved;
  }

  #step(parent: RawPath, name: RawPath, make: boolean): RawPath | undefined {
    const path = joinPath(parent, name);
    const bytes = pathBytes(path);
    const stat = this.tree.lstat(bytes);
    if (stat === undefined) return make ? this.#imply(path) : path;
    if (stat.type === 'directory') {
      if (make) this.touch(path);
      return path;
    }
    const stale = !this.isOurs(path) || (this.mode === 'overlay' && isWhiteout(stat));
    if (!stale && stat.type === 'symlink') return this.#follow(parent, path, make);
    if (!make) return undefined;
    if (!stale) throw badLayer('LAYER_BAD_PATH', path, 'is used as a directory, but is not one');
    this.clear(path);
    return this.#imply(path, true);
  }

  #follow(parent: RawPath, link: RawPath, make: boolean): RawPath | undefined {
    if (++this.#links > MAX_LINKS)
      throw badLayer('LAYER_BAD_PATH', link, 'leads through too many symbolic links');
    const target = this.tree.readlink(pathBytes(link)).toString('latin1');
    let at: RawPath | undefined = target.startsWith('/') ? '' : parent;
    for (const part of target.split('/')) {
      if (at === undefined) return undefined;
      if (part === '..') at = parentOf(at);
      else if (part !== '' && part !== '.') at = this.#step(at, part, make);
    }
    return at;
  }

  #imply(path: RawPath, overSomething = false): RawPath {
    if (++this.#impliedCount > this.#maxImplied) {
      throw badLayer('LAYER_TOO_LARGE', path, 'needs more directories than the limit');
    }
    this.tree.mkdir(pathBytes(path), IMPLIED);
    this.touch(path);
    if (this.mode !== 'overlay') return path;
    if (overSomething) this.markOpaque(path);
    else if (!this.isHidden(path)) this.#inherit(path);
    return path;
  }

  #inherit(path: RawPath): void {
    if (this.parents === undefined) {
      this.implied.push(path);
      return;
    }
    const found = lookUp(this.parents, path);
    if (found?.stat.type === 'directory') copyMetadata(found, this.tree, path);
  }
}
