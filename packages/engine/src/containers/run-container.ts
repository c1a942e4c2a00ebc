import type { CreateRequest, Session } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { withContainerLock } from './container-lock.ts';
import { creationSteps, makeContainer, throwIfCancelled } from './create-container.ts';
import { launchContainer, runSteps } from './launch-container.ts';
import { withInventedName } from './names.ts';
import { planContainer, recordPlan } from './plan-container.ts';
import { abandonContainer } from './remove-container.ts';

export type RunRequest = CreateRequest & {
  readonly detach?: boolean;
  readonly onCreated?: (id: string) => void;
};

/**
 * run: create and start as one. The row and all undo steps are written first, so whatever happens in between, this
 * process or any later one takes everything down again.
 */
export function runContainer(services: EngineServices, request: RunRequest): Promise<Session> {
  return withInventedName(request.name, () => runOnce(services, request));
}

async function runOnce(services: EngineServices, request: RunRequest): Promise<Session> {
  const plan = await planContainer(services, request);
  const { container } = plan;
  for (const warning of plan.warnings) request.onProgress?.({ kind: 'warning', text: warning });
  return await withContainerLock(services, container.id, async () => {
    recordPlan(services, plan, [...creationSteps(services, container), ...runSteps(services, container)]);
    try {
      const layer = await makeContainer(services, container);
      request.onCreated?.(container.id);
      throwIfCancelled(request);
      return await launchContainer(services, container, layer, {
        attach: request.detach !== true,
        created: true,
        onProgress: request.onProgress,
      });
    } catch (error) {
      await abandonContainer(services, container.id);
      throw error;
    }
  });
}
