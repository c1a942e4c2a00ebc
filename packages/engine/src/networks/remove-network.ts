import { StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { isBuiltIn } from './default-network.ts';
import { endpointsIn } from './endpoint-store.ts';
import { emitNetwork } from './network-events.ts';
import {
  allNetworks,
  deleteNetwork,
  findNetwork,
  finishNetwork,
  markRemoving,
  type NetworkRecord,
} from './network-store.ts';

/** rm: refuse while containers are attached → mark → driver → forget. Returns the name. */
export async function removeNetwork(services: EngineServices, reference: string): Promise<string> {
  const { database, host, paths } = services;
  if (isBuiltIn(services, reference)) throw builtIn(reference);
  const { name } = findNetwork(database, reference);
  if (isBuiltIn(services, name)) throw builtIn(name);
  await using _lock = await host.locks.acquire(paths.lock('name', `network-${name}`));
  const network = findNetwork(database, name);
  const driver = await services.drivers.get('network', network.driver);
  // Whoever starts from now on does not find it; whoever has planned already is seen here.
  database.transaction(() => {
    refuseWhileUsed(services, network);
    markRemoving(database, network.id);
  });
  try {
    if (driver.capabilities.multiple) await driver.removeNetwork(network.spec);
  } catch (error) {
    finishNetwork(database, network.spec);
    throw error;
  }
  database.transaction(() => {
    deleteNetwork(database, network.id);
    emitNetwork(services, network, 'destroy');
  });
  return name;
}

export interface PruneOptions {
  readonly labels?: readonly string[];
  readonly until?: Date;
}

/** Networks of users that nobody is attached to. */
export async function pruneNetworks(
  services: EngineServices,
  { labels = [], until }: PruneOptions = {},
): Promise<readonly string[]> {
  const { hasLabel } = await import('../containers/container-filter.ts');
  const removed: string[] = [];
  for (const network of allNetworks(services.database)) {
    if (isBuiltIn(services, network.name) || attachedTo(services, network).length > 0) continue;
    if (until !== undefined && network.created >= until) continue;
    const wanted = labels.every((label) =>
      label.startsWith('!')
        ? !hasLabel(network.spec.labels, label.slice(1))
        : hasLabel(network.spec.labels, label),
    );
    if (!wanted) continue;
    try {
      removed.push(await removeNetwork(services, network.name));
    } catch (error) {
      // Joined or removed by somebody else in the meantime.
      services.host.log.debug('not pruned', { network: network.name, error: String(error) });
    }
  }
  return removed;
}

export function attachedTo(services: EngineServices, { id }: Pick<NetworkRecord, 'id'>) {
  return endpointsIn(services.database, id).filter(({ attachment }) => attachment !== undefined);
}

function refuseWhileUsed(services: EngineServices, network: NetworkRecord): void {
  const attached = attachedTo(services, network);
  if (attached.length === 0) return;
  const names = attached.map(({ container }) => nameOf(services, container));
  throw new StrataError(
    'failed-precondition',
    'NETWORK_IN_USE',
    `network ${network.name} has active endpoints: ${names.join(', ')}`,
    { hint: `Stop them first, or: strata network disconnect -f ${network.name} ${names[0]}` },
  );
}

function nameOf({ database }: EngineServices, id: string): string {
  const row = database.get<{ name: string }>('SELECT name FROM containers WHERE id = ?', id);
  return row?.name ?? id.slice(0, 12);
}

function builtIn(name: string): StrataError {
  return new StrataError(
    'permission-denied',
    'NETWORK_PREDEFINED',
    `${name} is a pre-defined network and cannot be removed`,
    { hint: 'Those that you made can; strata network ls lists them' },
  );
}
