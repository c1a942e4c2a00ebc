/**
 * How a stack of directories becomes one mount of fuse-overlayfs(1). It reads what the kernel's overlay
 * writes: whiteouts are 0:0 devices, opaque directories carry `trusted.overlay.opaque` (as root).
 * The options are arguments of a program, not a page of mount data, so a deep stack needs no tricks.
 */
import { type Layer, type Mount, type Tree, visibleLayers } from '@strata/core';

export const TYPE = 'fuse.fuse-overlayfs';

export function stackedMount(tree: Tree, layer: Layer, access: 'rw' | 'ro'): Mount {
  const all = [layer.id, ...layer.parents];
  const layers = all.slice(
    0,
    visibleLayers(
      tree,
      all.map((id) => Buffer.from(`${id}/fs`)),
    ),
  );
  if (layers.length === 1)
    return { type: 'bind', source: `${tree.path}/${layer.id}/fs`, options: ['bind', access] };
  const lower = (ids: readonly string[]) => `lowerdir=${ids.map((id) => `${id}/fs`).join(':')}`;
  const directories =
    access === 'rw'
      ? [lower(layers.slice(1)), `upperdir=${layer.id}/fs`, `workdir=${layer.id}/work`]
      : [lower(layers)];
  return { type: TYPE, source: 'overlay', base: tree.path, options: [access, ...directories] };
}
