/** Choosing what an endpoint gets. Runs inside one transaction, so two processes never choose the same. */
import { type Attachment, type Endpoint, type PublishedPort, StrataError } from '@strata/core';
import { type Address, contains, formatAddress, last, parseAddress, usable } from './cidr.ts';
import { BRIDGE_PORTS, type LeaseStore } from './lease-store.ts';
import { checkedId, checkedInterface, checkedMac, checkedSandbox, derivedMac, invalid } from './names.ts';
import type { Network, Segment } from './network-record.ts';
import { portInUse } from './port-errors.ts';

/** What attach and detach need beyond the contract's fields. */
export interface BridgeState extends Record<string, unknown> {
  readonly version: 1;
  readonly mtu: number;
  readonly gateways: readonly string[];
  /** What the others of the network find it by. */
  readonly names: readonly string[];
  /** Whom its questions about other names go to; absent or empty: the host's name servers. */
  readonly resolvers?: readonly string[];
}

/** Decided before the transaction. */
export interface LeaseRequest {
  readonly endpoint: Endpoint;
  readonly ports: readonly PublishedPort[];
  /** Its names are served on the gateway. */
  readonly named: boolean;
}

export function lease(store: LeaseStore, { endpoint, ports, named }: LeaseRequest): Attachment {
  const known = store.attachment(endpoint.id);
  if (known !== undefined) return known;
  const network = store.network(endpoint.network.id);
  if (network === undefined) throw networkMissing(endpoint);
  if (store.endpointCount(network.spec.id) >= BRIDGE_PORTS) throw bridgeFull(network.spec.name);
  for (const port of ports) refuseTaken(store, port);
  const leased = store.leased(network.spec.id);
  const wanted = wantedAddresses(endpoint, network);
  const addresses = network.segments.map((segment) => {
    const fixed = wanted.find(({ family }) => family === segment.subnet.family);
    return fixed === undefined ? next(store, network, segment, leased) : claim(fixed, network, leased);
  });
  const mac = chooseMac(store, endpoint, addresses[0]!);
  const attachment = toAttachment(endpoint, network, { addresses, mac, ports, named });
  store.addEndpoint(attachment, mac);
  return attachment;
}

function toAttachment(
  endpoint: Endpoint,
  network: Network,
  given: { addresses: readonly Address[]; mac: string; ports: readonly PublishedPort[]; named: boolean },
): Attachment {
  const outward = network.spec.internal ? [] : network.segments;
  const gateways = outward.map(({ gateway }) => formatAddress(gateway));
  const names = given.named ? endpoint.aliases : [];
  const resolvers = given.named ? (endpoint.nameservers ?? []).filter(isPlain) : [];
  const state: BridgeState = { version: 1, mtu: network.mtu, gateways, names, resolvers };
  return {
    endpointId: checkedId(endpoint.id, 'endpoint'),
    networkId: network.spec.id,
    containerId: endpoint.containerId,
    sandbox: checkedSandbox(endpoint.sandbox),
    interfaceName: checkedInterface(endpoint.interfaceName),
    addresses: given.addresses.map(
      (address, n) => `${formatAddress(address)}/${network.segments[n]!.subnet.prefix}`,
    ),
    gateway: gateways[0],
    ...(gateways[1] === undefined ? {} : { gateway6: gateways[1] }),
    macAddress: given.mac,
    ports: given.ports,
    nameservers: given.named ? [formatAddress(network.segments[0]!.gateway)] : [],
    ...(given.named ? { forwards: (endpoint.nameservers ?? []).every(isPlain) } : {}),
    state,
  };
}

/** Not one with a zone, which means an interface of the container. */
function isPlain(nameserver: string): boolean {
  return parseAddress(nameserver) !== undefined;
}

function wantedAddresses({ ip, ip6 }: Endpoint, network: Network): Address[] {
  const wanted = [ip, ip6].flatMap((text) => (text === undefined ? [] : wantedAddress(text, network)));
  if (wanted.length === 2 && wanted[0]!.family === wanted[1]!.family)
    throw invalid(
      'ADDRESS_INVALID',
      `${ip} and ${ip6} are of one family`,
      'Ask for one IPv4 and one IPv6 address',
    );
  return wanted;
}

function wantedAddress(text: string, { segments, spec }: Network): Address {
  const address = parseAddress(text);
  const segment = address && segments.find(({ subnet }) => contains(subnet, address));
  if (address === undefined || segment === undefined)
    throw invalid(
      'ADDRESS_INVALID',
      `${JSON.stringify(text)} is not an address of ${spec.subnets.join(' or ')}`,
      'Leave it out, or make a network with a --subnet of your own',
    );
  const { first, last } = usable(segment.subnet);
  if (address.value < first || address.value > last || address.value === segment.gateway.value)
    throw invalid(
      'ADDRESS_INVALID',
      `${text} is the network's own address`,
      'Choose another one of its subnet',
    );
  return address;
}

function claim(address: Address, { spec }: Network, leased: ReadonlyMap<string, string>): Address {
  const text = formatAddress(address);
  if (!leased.has(text)) return address;
  throw new StrataError(
    'already-exists',
    'ADDRESS_IN_USE',
    `${text} belongs to another container of ${spec.name}`,
    {
      hint: 'Leave out --ip, or choose a free address; `strata network inspect` shows the used ones',
      context: { address: text, endpoint: leased.get(text)! },
    },
  );
}

function next(
  store: LeaseStore,
  network: Network,
  segment: Segment,
  leased: ReadonlyMap<string, string>,
): Address {
  const { range, subnet, gateway } = segment;
  const family = subnet.family;
  let { first: begin, last: end } = usable(subnet);
  if (range.value > begin) begin = range.value;
  if (last(range) < end) end = last(range);
  const count = end - begin + 1n;
  const cursor = parseAddress(store.cursor(network.spec.id, family) ?? '')?.value ?? begin - 1n;
  // All that can be in the way are the leases and the gateway.
  const tries = count < BigInt(leased.size) + 2n ? count : BigInt(leased.size) + 2n;
  for (let step = 1n; step <= tries; step++) {
    const value = begin + ((cursor - begin + step) % count);
    const text = formatAddress({ family, value });
    if (value === gateway.value || leased.has(text)) continue;
    store.moveCursor(network.spec.id, family, text);
    return { family, value };
  }
  throw new StrataError(
    'resource-exhausted',
    'ADDRESSES_EXHAUSTED',
    `No address is left in ${network.spec.name}`,
    {
      hint: 'Remove containers, or make a network with a larger --subnet or --ip-range',
      context: { network: network.spec.id },
    },
  );
}

function chooseMac(store: LeaseStore, { network, macAddress }: Endpoint, address: Address): string {
  if (macAddress === undefined) {
    for (let salt = 0; ; salt++) {
      const mac = derivedMac(network.id, address, salt);
      if (store.macHolder(network.id, mac) === undefined) return mac;
    }
  }
  const mac = checkedMac(macAddress);
  const holder = store.macHolder(network.id, mac);
  if (holder === undefined) return mac;
  throw new StrataError(
    'already-exists',
    'MAC_IN_USE',
    `${mac} belongs to another container of ${network.name}`,
    {
      hint: 'Leave out --mac-address, or choose another one',
      context: { mac, endpoint: holder },
    },
  );
}

/** The wildcard address and a single one exclude each other, as with bind(2). */
function refuseTaken(store: LeaseStore, port: PublishedPort): void {
  const wildcard = port.hostIp.includes(':') ? '::' : '0.0.0.0';
  const sameFamily = (hostIp: string) => hostIp.includes(':') === port.hostIp.includes(':');
  const holder = store
    .portHolders(port.protocol, port.hostPort)
    .find(
      ({ hostIp }) =>
        hostIp === port.hostIp || (sameFamily(hostIp) && [hostIp, port.hostIp].includes(wildcard)),
    );
  if (holder !== undefined) throw portInUse(port, { endpoint: holder.endpoint });
}

export function networkMissing({ network }: Endpoint): StrataError {
  return new StrataError('not-found', 'NETWORK_NOT_FOUND', `There is no network ${network.name}`, {
    hint: '`strata network ls` lists them',
    context: { network: network.id },
  });
}

export function bridgeFull(name: string): StrataError {
  return new StrataError(
    'resource-exhausted',
    'BRIDGE_FULL',
    `The bridge of ${name} is full (${BRIDGE_PORTS} ports)`,
    {
      hint: 'Make another network for more containers: that is the most a Linux bridge holds',
    },
  );
}
