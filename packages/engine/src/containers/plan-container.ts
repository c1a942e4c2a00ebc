/** Everything about a container that can be known, and refused, before anything is made. */
import type { CreateRequest } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { mergeConfig } from './merge-config.ts';
import { checkName, inventName, newContainerId } from './names.ts';
import { otherContainer } from './spec/namespaces.ts';
import { insertContainer, type NewContainer } from './state/container-store.ts';
import { planSteps, type Step } from './state/journal.ts';

const defaultLog = { maxBytes: 10 * 1024 * 1024, maxFiles: 3 };

export interface ContainerPlan {
  readonly container: NewContainer;
  readonly warnings: readonly string[];
}

export async function planContainer(
  services: EngineServices,
  request: CreateRequest,
): Promise<ContainerPlan> {
  const { config: defaults, images } = services;
  const name = request.name === undefined ? undefined : checkName(request.name);
  const storage = await services.layers.select(request.storage);
  const operation = {
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
  };
  const image = await images.resolve(request.image, {
    ...operation,
    pull: request.pull ?? 'missing',
    storage,
    ...(request.platform === undefined ? {} : { platform: request.platform }),
  });
  const parent = await images.ensureUnpacked(image, storage, operation);
  const id = newContainerId();
  const { config, warnings } = mergeConfig(withFullIds(services, request), image, {
    id,
    parent,
    runtime: defaults.runtime ?? '',
    log: { ...defaultLog, ...defaults.log },
  });
  const taken = (candidate: string) =>
    services.database.get('SELECT 1 FROM containers WHERE name = ?', candidate) !== undefined;
  const container: NewContainer = {
    id,
    name: name ?? inventName(taken),
    image: image.name,
    imageId: image.id,
    storage,
    network: await networkName(services, request.network ?? defaults.network ?? 'none'),
    autoRemove: request.autoRemove ?? false,
    labels: { ...image.config.labels, ...request.labels },
    config,
  };
  return { container, warnings };
}

/** The row and what it is about to hold, in one transaction: from here on a crash can be cleaned up after. */
export function recordPlan(services: EngineServices, plan: ContainerPlan, steps: readonly Step[]): void {
  const { database, host } = services;
  database.transaction(() => {
    insertContainer(database, plan.container, host.processes.self);
    planSteps(database, plan.container.id, steps);
  });
}

/** `container:NAME` is resolved once, for names move. */
function withFullIds(services: EngineServices, request: CreateRequest): CreateRequest {
  const full = (mode: string) => {
    const other = otherContainer(services, mode);
    return other === undefined ? mode : `container:${other.id}`;
  };
  const { pid, ipc, uts } = request;
  return {
    ...request,
    ...(pid === undefined ? {} : { pid: full(pid) }),
    ...(ipc === undefined ? {} : { ipc: full(ipc) }),
    ...(uts === undefined ? {} : { uts: full(uts) }),
  };
}

/** An unknown one is refused now, by name, rather than at the start. */
async function networkName(services: EngineServices, network: string): Promise<string> {
  const other = otherContainer(services, network);
  if (other !== undefined) return `container:${other.id}`;
  await services.drivers.get('network', network);
  return network;
}
