/** Which networks a container joins: names become ids, and what cannot work is refused before anything is made. */
import { isIP } from 'node:net';
import { type NetworkCapabilities, StrataError } from '@strata/core';
import type { CreateRequest } from '../api/containers.ts';
import type { EndpointRequest } from '../api/networks.ts';
import type { EngineServices } from '../services.ts';
import { chooseNetwork, defaultNetworkName, isBuiltIn } from './default-network.ts';
import type { NewEndpoint } from './endpoint-store.ts';
import { type NetworkRecord, newId } from './network-store.ts';

export interface PlannedNetworks {
  /** Name of the first network, `none`, `host` or `container:<full id>`: Docker's NetworkMode. */
  readonly mode: string;
  readonly endpoints: readonly NewEndpoint[];
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,252}$/;
const macPattern = /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/;

/** `otherId`: the full id of the container a mode names, if it names one. */
export async function planNetworks(
  services: EngineServices,
  request: CreateRequest,
  otherId: (mode: string) => string | undefined,
): Promise<PlannedNetworks> {
  const wanted = await wishes(services, request);
  const [first, ...more] = wanted as [EndpointRequest, ...EndpointRequest[]];
  for (const wish of wanted) checkWish(wish);
  const other = otherId(first.network);
  if (other !== undefined) {
    refuseWithShared(request, wanted);
    return { mode: `container:${other}`, endpoints: [] };
  }
  const choice = await chooseNetwork(services, first.network);
  if (choice.kind === 'fixed') {
    const { capabilities } = await services.drivers.get('network', choice.driver);
    refusePorts(request, choice.driver, capabilities);
    refuseWishes(first, choice.driver);
    if (more.length > 0) throw exclusive(choice.driver);
    return { mode: choice.driver, endpoints: [] };
  }
  const driver = await services.drivers.get('network', choice.network.driver);
  refusePorts(request, choice.network.name, driver.capabilities);
  const endpoints = [newEndpoint(services, choice.network, first, 0)];
  for (const wish of more) {
    const next = await chooseNetwork(services, wish.network);
    if (next.kind === 'fixed') throw exclusive(next.driver);
    if (endpoints.some(({ network }) => network === next.network.id)) throw twice(next.network.name);
    endpoints.push(newEndpoint(services, next.network, wish, endpoints.length));
  }
  return { mode: choice.network.name, endpoints };
}

async function wishes(services: EngineServices, request: CreateRequest): Promise<readonly EndpointRequest[]> {
  if (request.networks !== undefined && request.networks.length > 0) return request.networks;
  return [{ network: request.network ?? (await defaultNetworkName(services)) }];
}

export function newEndpoint(
  services: EngineServices,
  network: NetworkRecord,
  wish: EndpointRequest,
  index: number,
): NewEndpoint {
  const builtIn = isBuiltIn(services, network.name);
  if (builtIn && (wish.aliases ?? []).length > 0)
    throw new StrataError(
      'invalid-argument',
      'NETWORK_ALIAS_UNSUPPORTED',
      `Aliases are for networks you made, not for ${network.name}`,
      { hint: 'Make one with: strata network create NAME' },
    );
  return {
    id: newId(),
    network: network.id,
    interfaceName: `eth${index}`,
    ip: wish.ip ?? wish.ipv6,
    ip6: wish.ip === undefined ? undefined : wish.ipv6,
    macAddress: wish.macAddress?.toLowerCase(),
    aliases: wish.aliases ?? [],
  };
}

export function checkWish({ ip, ipv6, macAddress, aliases = [] }: EndpointRequest): void {
  for (const address of [ip, ipv6])
    if (address !== undefined && isIP(address) === 0)
      throw invalid(`${JSON.stringify(address)} is not an IP address`, 'Write it as 10.1.2.3 or fd00::3');
  if (ipv6 !== undefined && isIP(ipv6) !== 6)
    throw invalid(`${ipv6} is not an IPv6 address`, 'Ask for it with --ip');
  if (ip !== undefined && isIP(ip) === 6 && ipv6 !== undefined)
    throw invalid(`${ip} and ${ipv6} are both IPv6 addresses`, 'Give an IPv4 address to --ip');
  if (macAddress !== undefined && !macPattern.test(macAddress))
    throw invalid(`${JSON.stringify(macAddress)} is not a MAC address`, 'Write it as 02:42:ac:11:00:02');
  for (const alias of aliases)
    if (!namePattern.test(alias))
      throw invalid(
        `The network alias ${JSON.stringify(alias)} is not a name`,
        'Use letters, digits, _ . - and begin with a letter or digit',
      );
}

function refusePorts(request: CreateRequest, network: string, capabilities: NetworkCapabilities): void {
  if (capabilities.publish || (request.ports ?? []).length === 0) return;
  throw new StrataError(
    'unsupported',
    'PUBLISH_UNSUPPORTED',
    `Ports cannot be published on the network ${network}`,
    {
      hint: capabilities.sandbox
        ? 'Use another network'
        : 'Leave -p out: on the network of the host all ports of the container are open already',
    },
  );
}

function refuseWishes({ ip, ipv6, macAddress, aliases = [] }: EndpointRequest, network: string): void {
  if ((ip ?? ipv6 ?? macAddress) === undefined && aliases.length === 0) return;
  throw invalid(
    `On the network ${network} a container has no address, MAC or alias of its own`,
    'Leave them out, or join a network that you made',
  );
}

/** Docker: "conflicting options". */
function refuseWithShared(request: CreateRequest, wanted: readonly EndpointRequest[]): void {
  const conflict = (what: string) =>
    new StrataError(
      'invalid-argument',
      'NETWORK_CONFLICT',
      `conflicting options: ${what} and the network of another container`,
      { hint: 'Give it to the container that owns the network' },
    );
  if ((request.ports ?? []).length > 0 || request.publishAll === true) throw conflict('port publishing');
  if (request.hostname !== undefined) throw conflict('hostname');
  if ((request.dns ?? []).length > 0) throw conflict('dns');
  if ((request.extraHosts ?? []).length > 0) throw conflict('custom host-to-IP mapping');
  if (wanted.length > 1) throw conflict('further networks');
  refuseWishes(wanted[0] as EndpointRequest, 'of another container');
}

function exclusive(network: string): StrataError {
  return invalid(`A container on the network ${network} cannot join other networks`, 'Name one of them');
}

function twice(network: string): StrataError {
  return invalid(`The network ${network} is named twice`, 'Name each network once');
}

function invalid(message: string, hint: string): StrataError {
  return new StrataError('invalid-argument', 'NETWORK_REQUEST_INVALID', message, { hint });
}
