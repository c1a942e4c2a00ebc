import { packTree } from '@strata/archive';
import type { EngineServices } from '../../services.ts';
import { removedMeanwhile } from '../removed-meanwhile.ts';
import { openContainerTree } from './container-tree.ts';

/** export: the root filesystem without what is mounted in it. */
export async function exportTar(services: EngineServices, reference: string): Promise<AsyncIterable<Buffer>> {
  const container = await openContainerTree(services, reference, { volumes: false });
  return (async function* () {
    try {
      yield* packTree(container.tree, { plain: true });
      const removed = removedMeanwhile(services, container.record);
      if (removed !== undefined) throw removed;
    } catch (error) {
      throw removedMeanwhile(services, container.record) ?? error;
    } finally {
      await container[Symbol.asyncDispose]();
    }
  })();
}
