/**
 * How a stack of directories becomes one mount.
 *
 * ## Length
 * mount(2) takes at most a page of data. Paths are relative to `Mount.base`, `<id>/fs` each, which is enough for
 * stacks of about 200; deeper ones name numbered links (`0`, `1`, …) in a directory of their own, {@link LINKS}.
 */
import { errnoOf, type Layer, type Mount, type Tree, visibleLayers } from '@strata/core';

/** Below the layer's directory; link `n` leads to the directory of its n-th parent. */
export const LINKS = 'l';
/** mount(2) copies one page; the smallest has 4096 bytes, the last of which is the terminating NUL. */
const PAGE = 4096 - 1;
/** Upper, work and the three options, with the longest id. */
const OVERHEAD = 160;

export function needsLinks({ parents }: Layer): boolean {
  return parents.reduce((bytes, parent) => bytes + parent.length + '/fs:'.length, OVERHEAD) > PAGE;
}

const linkTo = (parent: string) => Buffer.from(`../../${parent}/fs`);

/** False where parents are other than when the links were made, or making them was interrupted. */
export function hasLinks(tree: Tree, { id, parents }: Layer): boolean {
  if (!tree.lstat(Buffer.from(`${id}/${LINKS}/${parents.length - 1}`))) return false;
  return parents.every((parent, n) =>
    tree.readlink(Buffer.from(`${id}/${LINKS}/${n}`)).equals(linkTo(parent)),
  );
}

/**
 * Make the links of a deep layer, in order, anew: hard links to those of its nearest parent where it has them, which
 * lead to the same place from here, so that a deep stack costs one inode more per layer.
 */
export function makeLinks(tree: Tree, { id, parents }: Layer): void {
  const directory = `${id}/${LINKS}`;
  tree.remove(Buffer.from(directory));
  tree.mkdir(Buffer.from(directory));
  const [nearest, ...rest] = parents;
  const shared = nearest !== undefined && needsLinks({ id: nearest, parents: rest });
  for (const [n, parent] of parents.entries()) {
    const path = Buffer.from(`${directory}/${n}`);
    if (shared && n > 0 && linked(tree, Buffer.from(`${nearest}/${LINKS}/${n - 1}`), path)) continue;
    tree.symlink(linkTo(parent), path, { uid: 0, gid: 0, mtimeNs: 0n });
  }
}

/** False where the filesystem's limit of hard links is reached (EMLINK, ext4 65 000), or it has none. */
function linked(tree: Tree, existing: Buffer, path: Buffer): boolean {
  try {
    tree.link(existing, path);
    return true;
  } catch (error) {
    if (['EMLINK', 'ENOENT', 'EPERM'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

export interface Stacking {
  readonly tree: Tree;
  readonly layer: Layer;
  readonly access: 'rw' | 'ro';
  readonly options: readonly string[];
  /** Where, below the layer's directory, its `fs` and `work` are; the driver's directory is then the target itself. */
  readonly disk?: string;
}

export function overlayMount({ tree, layer, access, options, disk }: Stacking): Mount {
  const { id, parents } = layer;
  const roots = [id, ...parents].map((each) => Buffer.from(`${each}/fs`));
  const below = parents.slice(0, visibleLayers(tree, roots) - 1);
  if (below.length === 0) {
    const bind = { type: 'bind', options: ['bind', access] };
    if (disk !== undefined) return { ...bind, source: `${id}/${disk}/fs`, base: '.' };
    return { ...bind, source: `${tree.path}/${id}/fs` };
  }
  const deep = needsLinks(layer);
  const up = `${deep ? '../' : `${id}/`}${disk === undefined ? '' : `${disk}/`}`;
  const root = disk === undefined ? tree.path : '.';
  const lower = below.map((parent, n) => (deep ? String(n) : `${parent}/fs`));
  return {
    type: 'overlay',
    source: 'overlay',
    base: deep ? `${root}/${id}/${LINKS}` : root,
    options: [
      access,
      ...options,
      ...(access === 'rw'
        ? [`lowerdir=${lower.join(':')}`, `upperdir=${up}fs`, `workdir=${up}work`]
        : [`lowerdir=${[`${up}fs`, ...lower].join(':')}`]),
    ],
  };
}
