/** What a layer unpacked without those below could not decide (owners of implied directories, idle whiteouts). */

import type { Unsettled } from '@strata/archive';
import type { Host, Layer, LayerDriver } from '@strata/core';

/** The directories of layers by their physical ids, nearest first. */
export function parentTrees(driver: LayerDriver, ids: readonly string[]): Promise<string[]> {
  return Promise.all(
    ids.map(async (id, index) => (await driver.unpackTarget({ id, parents: ids.slice(index + 1) })).path),
  );
}

export async function settle(
  host: Host,
  driver: LayerDriver,
  { layer, unsettled }: { readonly layer: Layer; readonly unsettled: Unsettled },
): Promise<void> {
  const { implied, whitedOut } = unsettled;
  if (implied.length === 0 && whitedOut.length === 0) return;
  const { settleLayer } = await import('@strata/archive');
  using trees = new DisposableStack();
  const open = (path: string) => trees.use(host.files.openTree(path));
  const own = await driver.unpackTarget(layer);
  const parents = (await parentTrees(driver, layer.parents)).map(open);
  settleLayer(open(own.path), unsettled, parents);
}
