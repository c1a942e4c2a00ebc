/** What a layer unpacked without those below could not decide (owners of implied directories, idle whiteouts). */

import type { Unsettled } from '@strata/archive';
import { type Host, isStrataError, type Layer, type LayerDriver } from '@strata/core';

/**
 * The directories of a layer's parents, nearest first. Where a driver keeps a committed layer as something else than a
 * directory, what they show together, mounted for as long as it is used.
 */
export async function withParentTrees<T>(
  { mounter }: Pick<Host, 'mounter'>,
  driver: LayerDriver,
  { parents }: Layer,
  use: (directories: readonly string[]) => Promise<T>,
): Promise<T> {
  const layers = parents.map((id, index) => ({ id, parents: parents.slice(index + 1) }));
  const [nearest] = layers;
  if (nearest === undefined) return use([]);
  let directories: readonly string[];
  try {
    directories = await Promise.all(layers.map(async (layer) => (await driver.unpackTarget(layer)).path));
  } catch (error) {
    if (!isStrataError(error, 'failed-precondition')) throw error;
    return mounter.withMounted(await driver.mounts(nearest, 'ro'), (directory) => use([directory]));
  }
  return use(directories);
}

export async function settle(
  host: Host,
  driver: LayerDriver,
  { layer, unsettled }: { readonly layer: Layer; readonly unsettled: Unsettled },
): Promise<void> {
  const { implied, whitedOut } = unsettled;
  if (implied.length === 0 && whitedOut.length === 0) return;
  const { settleLayer } = await import('@strata/archive');
  const own = await driver.unpackTarget(layer);
  await withParentTrees(host, driver, layer, async (directories) => {
    using trees = new DisposableStack();
    const open = (path: string) => trees.use(host.files.openTree(path));
    settleLayer(open(own.path), unsettled, directories.map(open));
  });
}
