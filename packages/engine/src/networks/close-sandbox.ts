/** The end of a run's sandbox. Idempotent, by any process, from what is stored. */
import { type Attachment, emptyAttachment, isStrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { type EndpointRecord, endpointsOf } from './endpoint-store.ts';
import { networkById } from './network-store.ts';
import { sandboxPath } from './sandbox.ts';

/** Detach all endpoints and let go of the namespace. The caller forgets the attachments. */
export async function closeSandbox(services: EngineServices, container: string): Promise<void> {
  const endpoints = endpointsOf(services.database, container);
  const results = await Promise.allSettled(endpoints.map((endpoint) => detachEndpoint(services, endpoint)));
  await services.host.namespaces.removeNetwork(sandboxPath(services, container));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** One whose plan was never stored is undone by its id: the driver knows its leases. */
export async function detachEndpoint(services: EngineServices, endpoint: EndpointRecord): Promise<void> {
  const network = networkById(services.database, endpoint.network);
  if (network === undefined && endpoint.attachment === undefined) return;
  const driver = network?.driver ?? (await holderOf(services, endpoint.id));
  if (driver === undefined) return;
  await (await services.drivers.get('network', driver)).detach(endpoint.attachment ?? unknown(endpoint));
}

/** A network can only be removed when nothing is attached, so this is for damaged stores. */
async function holderOf(services: EngineServices, endpoint: string): Promise<string | undefined> {
  for (const id of services.drivers.ids('network')) {
    try {
      if ((await (await services.drivers.get('network', id)).list()).includes(endpoint)) return id;
    } catch (error) {
      if (!isStrataError(error, 'unsupported')) throw error;
    }
  }
  return undefined;
}

export function unknown({
  id,
  network,
  container,
}: Pick<EndpointRecord, 'id' | 'network' | 'container'>): Attachment {
  return emptyAttachment({
    endpointId: id,
    networkId: network,
    containerId: container,
    sandbox: undefined,
  });
}
