/**
 * How images and a directory become one tree, all of it at and below the target (`Mount.base`):
 *
 * 1. the layer's directory, `<root>/<id>`, is bound to the target,
 * 2. each image below is mounted on one of its empty directories `l/<n>` (a layer that stayed a directory is bound there),
 * 3. an overlay of them, by names relative to the target, covers it all.
 *
 * Unmounting the target takes everything away again. The upper directory alone must be the layer: hence the options.
 */
import { type Layer, type Mount, type Tree, visibleLayers } from '@strata/core';

export const IMAGE = 'image.erofs';
/** Below the layer's directory: where the n-th layer of its stack is mounted, itself being 0. */
const LOWER = 'l';

/** How the kernel reads an image: the file itself (Linux 6.12), or through a loop device. */
export type Backing = 'file' | 'loop';

/** Repeatable, and needed again when a layer gets other parents. */
export function makeMountpoints(tree: Tree, { id, parents }: Layer): void {
  const names = [LOWER, ...[id, ...parents].map((_, n) => `${LOWER}/${n}`)];
  for (const name of names.map((each) => Buffer.from(`${id}/${each}`)))
    if (tree.lstat(name) === undefined) tree.mkdir(name);
}

export function imageMount(file: string, backing: Backing): Mount {
  return { type: 'erofs', source: file, options: backing === 'loop' ? ['ro', 'loop'] : ['ro'] };
}

export interface Stacking {
  readonly tree: Tree;
  readonly layer: Layer;
  readonly access: 'rw' | 'ro';
  readonly backing: Backing;
  readonly options: readonly string[];
}

export function stackedMounts({ tree, layer, access, backing, options }: Stacking): Mount[] {
  const ids = [layer.id, ...layer.parents];
  const content = (n: number): Mount => {
    const path = `${tree.path}/${ids[n]}`;
    if (tree.lstat(Buffer.from(`${ids[n]}/${IMAGE}`))) return imageMount(`${path}/${IMAGE}`, backing);
    return { type: 'bind', source: `${path}/fs`, options: ['bind', n === 0 ? access : 'ro'] };
  };
  const roots = ids.map((id) => rootOf(tree, id));
  const stack = [...ids.keys()].slice(0, visibleLayers(tree, roots));
  if (stack.length === 1) return [content(0)];
  const below = access === 'rw' ? stack.slice(1) : stack;
  const lower = `lowerdir=${below.map((n) => `${LOWER}/${n}`).join(':')}`;
  const upper = access === 'rw' ? ['upperdir=fs', 'workdir=work'] : [];
  return [
    { type: 'bind', source: `${tree.path}/${layer.id}`, options: ['bind', 'rw'] },
    ...below.map((n) => ({ ...content(n), target: `${LOWER}/${n}` })),
    { type: 'overlay', source: 'overlay', base: '.', options: [access, ...options, lower, ...upper] },
  ];
}

/** The directory with the attributes of a layer's root: an active one's own, or the note that `seal` makes. */
export function rootOf(tree: Tree, id: string): Buffer {
  const note = Buffer.from(`${id}/root`);
  return tree.lstat(note) ? note : Buffer.from(`${id}/fs`);
}
