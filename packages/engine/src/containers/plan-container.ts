/** Everything about a container that can be known, and refused, before anything is made. */
import type { Platform } from '@strata/core';
import type { CreateRequest } from '../api/containers.ts';
import { insertEndpoints, type NewEndpoint } from '../networks/endpoint-store.ts';
import { planNetworks } from '../networks/plan-networks.ts';
import type { EngineServices } from '../services.ts';
import { recordVolumes } from '../volumes/mount-volumes.ts';
import { planVolumes } from '../volumes/plan-volumes.ts';
import { planDisk } from './disk-quota.ts';
import { mergeConfig } from './merge-config.ts';
import { checkName, inventName, newContainerId } from './names.ts';
import { reapAll } from './reap-container.ts';
import { runtimeFor } from './runtime.ts';
import { otherContainer } from './spec/namespaces.ts';
import { insertContainer, type NewContainer } from './state/container-store.ts';
import { planSteps, type Step } from './state/journal.ts';

/** Unlimited, as Docker's. */
const defaultLog = { maxBytes: undefined, maxFiles: 3 };

export interface ContainerPlan {
  readonly container: NewContainer;
  readonly endpoints: readonly NewEndpoint[];
  readonly warnings: readonly string[];
}

export async function planContainer(
  services: EngineServices,
  request: CreateRequest,
): Promise<ContainerPlan> {
  const { config: defaults, images } = services;
  const name = request.name === undefined ? undefined : checkName(request.name);
  // An unknown one is told before anything is made.
  if (request.runtime !== undefined) await runtimeFor(services, request.runtime);
  const storage = await services.layers.select(request.storage);
  const operation = {
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
  };
  const disk = await planDisk(services, request, storage);
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
    disk: disk?.limit,
  });
  const taken = (candidate: string) =>
    services.database.get('SELECT 1 FROM containers WHERE name = ?', candidate) !== undefined;
  // What a dead process was making or removing does not keep its name.
  if (name !== undefined && taken(name)) await reapAll(services);
  const networks = await planNetworks(services, request, (mode) => otherContainer(services, mode)?.id);
  const container: NewContainer = {
    id,
    name: name ?? inventName(taken),
    image: image.name,
    imageId: image.id,
    storage,
    network: networks.mode,
    autoRemove: request.autoRemove ?? false,
    labels: { ...image.config.labels, ...request.labels },
    config: {
      ...config,
      mounts: planVolumes(services, request, config),
      sandbox: networks.endpoints.length > 0,
    },
  };
  if (disk?.warning !== undefined) warnings.push(disk.warning);
  if (request.platform === undefined) warnings.push(...(await platformWarning(image.platform)));
  return { container, endpoints: networks.endpoints, warnings };
}

/** Docker's. Loads nothing where the image is of this machine, which is always. */
async function platformWarning(platform: Platform): Promise<readonly string[]> {
  if (platform.architecture === (process.arch === 'x64' ? 'amd64' : process.arch)) return [];
  const { formatPlatform, hostPlatform, matchesPlatform } = await import('@strata/oci');
  const host = hostPlatform();
  if (matchesPlatform(host, platform)) return [];
  return [
    `The requested image's platform (${formatPlatform(platform)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`,
  ];
}

/** The row and what it is about to hold, in one transaction: from here on a crash can be cleaned up after. */
export function recordPlan(services: EngineServices, plan: ContainerPlan, steps: readonly Step[]): void {
  const { database, host } = services;
  database.transaction(() => {
    insertContainer(database, plan.container, host.processes.self);
    recordVolumes(database, plan.container.id, plan.container.config);
    insertEndpoints(database, plan.container.id, plan.endpoints);
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
