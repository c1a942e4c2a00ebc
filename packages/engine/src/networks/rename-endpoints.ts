import type { EngineServices } from '../services.ts';
import { isBuiltIn } from './default-network.ts';
import { endpointsOf, setAttachment } from './endpoint-store.ts';
import { networkById } from './network-store.ts';
import { namesOf, type SandboxOwner } from './sandbox.ts';

/** The name service of a running container's networks learns its new name. The caller holds the container's lock. */
export async function renameEndpoints(services: EngineServices, owner: SandboxOwner): Promise<void> {
  const { database, drivers } = services;
  for (const endpoint of endpointsOf(database, owner.id)) {
    const network = networkById(database, endpoint.network);
    if (network === undefined || endpoint.attachment === undefined) continue;
    if (isBuiltIn(services, network.name)) continue;
    const driver = await drivers.get('network', network.driver);
    const renamed = await driver.setNames?.(endpoint.attachment, namesOf(owner, endpoint));
    if (renamed !== undefined) setAttachment(database, endpoint.id, renamed);
  }
}
