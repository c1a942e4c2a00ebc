import type { ContainersApi } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { createContainer } from './create-container.ts';
import { listContainers } from './queries.ts';
import { removeContainer } from './remove-container.ts';
import { runContainer } from './run-container.ts';
export function createContainersApi(services: EngineServices): ContainersApi {
  return {
    create: async (r: any) => {
      const p = await createContainer(services, r);
      return { id: p.container.id, warnings: p.warnings };
    },
    run: (r: any) => runContainer(services, r),
    list: async () => [],
    remove: (r: any, o: any) => removeContainer(services, r, o),
  } as any;
}
