import { join } from 'node:path';
import { packTree } from '@strata/archive';
import { plainDirectory } from '@strata/core';
import type { EngineServices } from '../../services.ts';
import { isActive } from '../state/container-record.ts';
import { findContainer } from '../state/container-store.ts';
import { openContainerTree } from './container-tree.ts';

/** export: the root filesystem without what is mounted in it. */
export async function exportTar(services: EngineServices, reference: string): Promise<AsyncIterable<Buffer>> {
  const record = findContainer(services.database, reference);
  if (!isActive(record)) {
    const container = await openContainerTree(services, reference, { volumes: false });
    return (async function* () {
      try {
        yield* packTree(container.tree, { plain: true });
      } finally {
        await container[Symbol.asyncDispose]();
      }
    })();
  }
  const layers = await services.layers.open(record.storage);
  const rootfs =
    plainDirectory(await layers.mounts(record.id)) ?? join(services.paths.container(record.id), 'rootfs');
  return (async function* () {
    using tree = services.host.files.openTree(rootfs);
    yield* packTree(tree, { plain: true });
  })();
}
