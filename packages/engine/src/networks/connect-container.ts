/** network connect and disconnect, of stopped and of running containers. */
import { StrataError } from '@strata/core';
import type { EndpointRequest } from '../api/networks.ts';
import { withContainerLock } from '../containers/container-lock.ts';
import { reapLocked } from '../containers/reap-container.ts';
import { type ContainerRecord, isActive } from '../containers/state/container-record.ts';
import { findContainer } from '../containers/state/container-store.ts';
import type { EngineServices } from '../services.ts';
import { detachEndpoint } from './close-sandbox.ts';
import { chooseNetwork } from './default-network.ts';
import {
  deleteEndpoint,
  type EndpointRecord,
  endpointsOf,
  insertEndpoints,
  setAttachment,
} from './endpoint-store.ts';
import { updateNetworkFiles } from './live-files.ts';
import { emitNetwork } from './network-events.ts';
import { findNetwork, type NetworkRecord } from './network-store.ts';
import { checkWish, newEndpoint } from './plan-networks.ts';
import { attachEndpoint, planEndpoint } from './sandbox.ts';

/** connect: wish → plan → stored → attach. When it fails, nothing of it is left. */
export async function connectContainer(
  services: EngineServices,
  request: EndpointRequest & { readonly container: string },
): Promise<void> {
  checkWish(request);
  const { id } = findContainer(services.database, request.container);
  await withContainerLock(services, id, async () => {
    const container = await existing(services, id, request.container);
    const choice = await chooseNetwork(services, request.network);
    if (choice.kind === 'fixed' || container.config.sandbox !== true)
      throw notConnectable(container, choice.kind === 'fixed' ? choice.driver : container.network);
    const { network } = choice;
    const endpoints = endpointsOf(services.database, id);
    if (endpoints.some((endpoint) => endpoint.network === network.id)) throw already(container, network);
    const made = newEndpoint(services, network, request, freeIndex(endpoints));
    services.database.transaction(() => {
      insertEndpoints(services.database, id, [made]);
      emitNetwork(services, network, 'connect', id);
    });
    if (!isActive(container)) return;
    const endpoint: EndpointRecord = { ...made, container: id, attachment: undefined };
    try {
      await attachNow(services, container, endpoint);
    } catch (error) {
      await detachEndpoint(services, { ...endpoint, ...stored(services, endpoint) });
      deleteEndpoint(services.database, endpoint.id);
      throw error;
    }
  });
}

async function attachNow(
  services: EngineServices,
  container: ContainerRecord,
  endpoint: EndpointRecord,
): Promise<void> {
  const before = attachmentsOf(services, container.id);
  const planned = await planEndpoint(services, container, {
    ...endpoint,
    publishes: before.length === 0,
  });
  setAttachment(services.database, endpoint.id, planned.attachment);
  const attachment = await attachEndpoint(services, planned);
  updateNetworkFiles(services, container, { before, after: [...before, attachment] });
}

/** disconnect: detach → forget. */
export async function disconnectContainer(
  services: EngineServices,
  networkReference: string,
  reference: string,
  options: { readonly force?: boolean } = {},
): Promise<void> {
  const network = findNetwork(services.database, networkReference);
  const { id } = findContainer(services.database, reference);
  await withContainerLock(services, id, async () => {
    const container = await existing(services, id, reference);
    const endpoint = endpointsOf(services.database, id).find(({ network: of }) => of === network.id);
    if (endpoint === undefined) {
      if (options.force === true) return;
      throw new StrataError(
        'not-found',
        'NETWORK_NOT_CONNECTED',
        `container ${container.name} is not connected to network ${network.name}`,
        { hint: `strata network inspect ${network.name} shows who is` },
      );
    }
    const before = attachmentsOf(services, id);
    await detachEndpoint(services, endpoint);
    services.database.transaction(() => {
      deleteEndpoint(services.database, endpoint.id);
      emitNetwork(services, network, 'disconnect', id);
    });
    if (isActive(container))
      updateNetworkFiles(services, container, { before, after: attachmentsOf(services, id) });
  });
}

async function existing(services: EngineServices, id: string, reference: string): Promise<ContainerRecord> {
  const container = await reapLocked(services, id);
  if (container !== undefined && container.status !== 'removing') return container;
  throw new StrataError(
    'failed-precondition',
    'CONTAINER_REMOVING',
    `Container ${reference} is being removed`,
    { hint: 'Connect another one' },
  );
}

function attachmentsOf(services: EngineServices, container: string) {
  return endpointsOf(services.database, container).flatMap(({ attachment }) => attachment ?? []);
}

function stored(services: EngineServices, { id, container }: EndpointRecord): Partial<EndpointRecord> {
  return endpointsOf(services.database, container).find((endpoint) => endpoint.id === id) ?? {};
}

function freeIndex(endpoints: readonly EndpointRecord[]): number {
  const used = new Set(endpoints.map(({ interfaceName }) => interfaceName));
  for (let index = 0; ; index++) if (!used.has(`eth${index}`)) return index;
}

function notConnectable({ name }: ContainerRecord, network: string): StrataError {
  return new StrataError(
    'failed-precondition',
    'NETWORK_NOT_CONNECTABLE',
    `container ${name} cannot be connected: ${network} has no network namespace of its own to share with other networks`,
    { hint: 'Make the container anew with --network' },
  );
}

function already({ name }: ContainerRecord, network: NetworkRecord): StrataError {
  return new StrataError(
    'already-exists',
    'NETWORK_CONNECTED',
    `container ${name} is already connected to network ${network.name}`,
    { hint: `For another address: strata network disconnect ${network.name} ${name}, then connect it again` },
  );
}
