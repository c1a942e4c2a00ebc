/**
 * How a stack of directories becomes one mount of fuse-overlayfs(1). It reads what the kernel's overlay
 * writes: whiteouts are 0:0 devices, opaque directories carry `trusted.overlay.opaque` (as root).
 * The options are arguments of a program, not a page of mount data, so a deep stack needs no tricks.
 */
import type { Layer, Mount, Tree } from '@strata/core';

export const TYPE = 'fuse.fuse-overlayfs';

/** Up to the first layer whose root is opaque: on the root of a layer the xattr is not looked at. */
export function visibleLayers(tree: Tree, { id, parents }: Layer): string[] {
  const all = [id, ...parents];
  const last = all.findIndex((each) => {
    const opaque = tree.xattrs(Buffer.from(`${each}/fs`)).get('trusted.overlay.opaque');
    return opaque?.toString() === 'y';
  });
  return last < 0 ? all : all.slice(0, last + 1);
}

export function stackedMount(tree: Tree, layer: Layer, access: 'rw' | 'ro'): Mount {
  const layers = visibleLayers(tree, layer);
  if (layers.length === 1)
    return { type: 'bind', source: `${tree.path}/${layer.id}/fs`, options: ['bind', access] };
  const lower = (ids: readonly string[]) => `lowerdir=${ids.map((id) => `${id}/fs`).join(':')}`;
  const directories =
    access === 'rw'
      ? [lower(layers.slice(1)), `upperdir=${layer.id}/fs`, `workdir=${layer.id}/work`]
      : [lower(layers)];
  return { type: TYPE, source: 'overlay', base: tree.path, options: [access, ...directories] };
}
