/** Networks nobody had to make: the one of `strata run`, and one per driver that is named like a network. */
import { StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { makeNetwork } from './make-network.ts';
import { lookupNetwork, type NetworkRecord, networkByName, networkNotFound } from './network-store.ts';

/** What a `--network` leads to. */
export type NetworkChoice =
  | { readonly kind: 'network'; readonly network: NetworkRecord }
  /** A driver without sandboxes or without connections: `host`, `none`. */
  | { readonly kind: 'fixed'; readonly driver: string };

/** Without `--network`: what is configured, else a bridge where the host can, else none. */
export async function defaultNetworkName({ config, drivers }: EngineServices): Promise<string> {
  if (config.network !== undefined) return config.network;
  const known = drivers.ids('network');
  if (known.includes('bridge') && (await drivers.firstSupported('network', ['bridge'])) !== undefined)
    return 'bridge';
  return 'none';
}

/** A network by name or id; a driver's own network is made when it is first asked for. @throws not-found */
export async function chooseNetwork(services: EngineServices, reference: string): Promise<NetworkChoice> {
  const name = reference === 'default' ? await defaultNetworkName(services) : reference;
  const found = lookupNetwork(services.database, name);
  if (found !== undefined) return { kind: 'network', network: found };
  if (!services.drivers.ids('network').includes(name)) throw networkNotFound(reference);
  const { capabilities } = await services.drivers.get('network', name);
  if (!capabilities.sandbox || !capabilities.connects) return { kind: 'fixed', driver: name };
  return { kind: 'network', network: await ownNetwork(services, name) };
}

export function isBuiltIn(services: EngineServices, name: string): boolean {
  return services.drivers.ids('network').includes(name);
}

async function ownNetwork(services: EngineServices, driver: string): Promise<NetworkRecord> {
  await makeNetwork(services, { name: driver, driver }, { builtIn: true });
  const made = networkByName(services.database, driver);
  if (made === undefined)
    throw new StrataError('unavailable', 'NETWORK_REMOVED', `The network ${driver} was removed again`, {
      hint: 'Try again',
    });
  return made;
}
