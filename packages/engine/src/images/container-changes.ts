import { join } from 'node:path';
import type { ChangesSource } from '@strata/archive';
import { type Host, hasChanges, type Layer, type Mount, plainDirectory } from '@strata/core';
import type { LayerStore } from '../services.ts';
import { withParentTrees } from './settle-layer.ts';

/** Hand `use` the cheapest way to see what an active layer changed; trees are mounted only while it runs. */
export async function containerChanges<T>(
  host: Host,
  store: LayerStore,
  key: string,
  use: (source: ChangesSource) => Promise<T>,
): Promise<T> {
  const { driver } = store;
  const layer = await store.layer(key);
  const changes = hasChanges(driver) ? await driver.changes(layer) : undefined;
  if (changes?.kind === 'overlay') {
    const { path, mounts } = changes;
    const compare = (upper: string) =>
      withParentTrees(host, driver, layer, (lowers) => use({ kind: 'overlay', upper, lowers }));
    if (mounts === undefined) return compare(path);
    return host.mounter.withMounted(mounts, (directory) => compare(join(directory, path)));
  }
  const candidates = changes === undefined ? undefined : await collect(changes.paths);
  return withTree(host, await driver.mounts(layer, 'ro'), (upper) =>
    withParent(host, store, layer, (lower) =>
      use({
        kind: 'trees',
        upper,
        ...(lower === undefined ? {} : { lower }),
        ...(candidates === undefined ? {} : { candidates }),
      }),
    ),
  );
}

async function withParent<T>(
  host: Host,
  { driver }: LayerStore,
  { parents }: Layer,
  use: (directory: string | undefined) => Promise<T>,
): Promise<T> {
  const [parent, ...below] = parents;
  if (parent === undefined) return use(undefined);
  return withTree(host, await driver.mounts({ id: parent, parents: below }, 'ro'), use);
}

function withTree<T>(
  host: Host,
  mounts: readonly Mount[],
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const plain = plainDirectory(mounts);
  return plain === undefined ? host.mounter.withMounted(mounts, use) : use(plain);
}

async function collect(paths: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const path of paths) all.push(path);
  return all;
}
