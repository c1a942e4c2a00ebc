import { packTree } from '@strata/archive';
import type { EngineServices } from '../../services.ts';
import { throwIfRemoved } from '../throw-if-removed.ts';
import { openContainerTree } from './container-tree.ts';

/** export: the root filesystem without what is mounted in it. */
export async function exportTar(services: EngineServices, reference: string): Promise<AsyncIterable<Buffer>> {
  const container = await openContainerTree(services, reference, { volumes: false });
  return (async function* () {
    try {
      yield* packTree(container.tree, { plain: true });
    } catch (error) {
      throwIfRemoved(services, container.record);
      throw error;
    } finally {
      await container[Symbol.asyncDispose]();
    }
    throwIfRemoved(services, container.record);
  })();
}
