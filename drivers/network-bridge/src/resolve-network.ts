/** What the user left open in a network, filled in; what he got wrong, refused. Pure: the host's state is an argument. */
import { createHash } from 'node:crypto';
import { type NetworkSpec, StrataError } from '@strata/core';
import { type BridgeOptions, isMtu } from './bridge-options.ts';
import {
  blocks,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  usable,
} from './cidr.ts';
import type { HostRoutes } from './host-routes.ts';
import { checkedId, invalid } from './names.ts';
import { type Network, networkOf } from './network-record.ts';

export interface Surroundings {
  readonly options: BridgeOptions;
  readonly routes: HostRoutes;
  /** Subnets of the other networks of this store, with their names. */
  readonly taken: readonly { readonly subnet: Cidr; readonly name: string }[];
  /** Where this store begins to look in a pool, so that two stores seldom meet. */
  readonly seed: string;
}

/** Never assigned to hosts (RFC 6890). */
const reserved = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/16',
  'fe80::/10',
  'ff00::/8',
];

export function resolveNetwork(spec: NetworkSpec, around: Surroundings): Network {
  checkedId(spec.id, 'network');
  const given = spec.subnets.map((text) => checkedSubnet(text, around));
  for (const family of [4, 6] as const)
    if (given.filter((subnet) => subnet.family === family).length > 1)
      throw invalid(
        'SUBNET_INVALID',
        `A bridge network has one IPv${family} subnet at most`,
        'Make a network for each; a container can join several',
      );
  const subnets = [given.find(({ family }) => family === 4) ?? chooseIpv4(around)];
  const ipv6 =
    given.find(({ family }) => family === 6) ?? (spec.ipv6 ? chooseIpv6(spec.id, around) : undefined);
  if (ipv6 !== undefined) subnets.push(ipv6);
  const gateway = checkedGateway(spec.gateway, subnets);
  const ipRange = checkedRange(spec.ipRange, subnets);
  const mtu = chooseMtu(spec, around);
  if (ipv6 !== undefined && mtu < 1280)
    throw invalid('MTU_INVALID', `IPv6 needs an MTU of at least 1280, not ${mtu}`, 'RFC 8200, section 5');
  const filled = {
    ...spec,
    subnets: subnets.map(formatCidr),
    gateway: gateway ?? formatAddress({ family: 4, value: usable(subnets[0]!).first }),
    ...(ipRange === undefined ? {} : { ipRange }),
    ipv6: ipv6 !== undefined,
  };
  return networkOf(filled, mtu);
}

function checkedSubnet(text: string, { taken, routes }: Surroundings): Cidr {
  const subnet = parseCidr(text);
  if (subnet === undefined)
    throw invalid('SUBNET_INVALID', `${JSON.stringify(text)} is not a subnet`, 'Write it like 10.80.0.0/24');
  const [shortest, longest] = subnet.family === 4 ? [8, 30] : [16, 126];
  if (subnet.prefix < shortest || subnet.prefix > longest)
    throw invalid(
      'SUBNET_INVALID',
      `The subnet ${text} must have a prefix from /${shortest} to /${longest}`,
      'Write it like 10.80.0.0/24 or fd80::/64',
    );
  if (reserved.some((block) => overlaps(parseCidr(block)!, subnet)))
    throw invalid(
      'SUBNET_INVALID',
      `The subnet ${text} lies in a block that hosts cannot use`,
      'Private ones are 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and fd00::/8',
    );
  const other = taken.find((network) => overlaps(network.subnet, subnet));
  if (other !== undefined) throw overlap(text, `the network ${other.name} (${formatCidr(other.subnet)})`);
  // A wider route, of a VPN say, loses to ours; an interface inside the same subnet would be cut off.
  const link = routes.connected.find((block) => overlaps(block, subnet));
  if (link !== undefined) throw overlap(text, `an interface of this host (${formatCidr(link)})`);
  return subnet;
}

function overlap(subnet: string, what: string): StrataError {
  return new StrataError('already-exists', 'SUBNET_IN_USE', `The subnet ${subnet} overlaps with ${what}`, {
    hint: 'Choose another --subnet, or leave it out and let Strata choose',
    context: { subnet },
  });
}

function chooseIpv4({ options, routes, taken, seed }: Surroundings): Cidr {
  const offset = createHash('sha256').update(seed).digest().readUInt32BE();
  const free = (block: Cidr) =>
    !routes.all.some((route) => overlaps(route, block)) &&
    !taken.some(({ subnet }) => overlaps(subnet, block));
  for (const pool of options.pools)
    for (const block of blocks(pool, options.prefix, offset)) if (free(block)) return block;
  throw new StrataError('resource-exhausted', 'SUBNETS_EXHAUSTED', 'No subnet is left for another network', {
    hint: `Remove networks with \`strata network prune\`, or name one with --subnet; pools: ${options.pools.map(formatCidr).join(', ')}`,
  });
}

/** A unique local /64 (RFC 4193): 40 bits that differ between stores, 16 that differ between networks. */
function chooseIpv6(id: string, { routes, taken, seed }: Surroundings): Cidr {
  for (let salt = 0; ; salt++) {
    const site = createHash('sha256').update(seed).digest().subarray(0, 5);
    const link = createHash('sha256').update(`${id} ${salt}`).digest().subarray(0, 2);
    const value = BigInt(`0xfd${Buffer.concat([site, link]).toString('hex')}`) << 64n;
    const block: Cidr = { family: 6, prefix: 64, value };
    if (![...routes.all, ...taken.map(({ subnet }) => subnet)].some((other) => overlaps(other, block)))
      return block;
  }
}

function checkedGateway(text: string | undefined, subnets: readonly Cidr[]): string | undefined {
  if (text === undefined) return undefined;
  const gateway = parseAddress(text);
  const subnet = gateway && subnets.find((block) => contains(block, gateway));
  if (gateway === undefined || subnet === undefined)
    throw invalid(
      'GATEWAY_INVALID',
      `The gateway ${JSON.stringify(text)} is not an address of the subnet`,
      `Choose one of ${subnets.map(formatCidr).join(' or ')}, or leave --gateway out`,
    );
  const { first, last } = usable(subnet);
  if (gateway.value < first || gateway.value > last)
    throw invalid(
      'GATEWAY_INVALID',
      `The gateway ${text} is the network or broadcast address`,
      'Choose another one of the subnet, or leave --gateway out',
    );
  return formatAddress(gateway);
}

function checkedRange(text: string | undefined, subnets: readonly Cidr[]): string | undefined {
  if (text === undefined) return undefined;
  const range = parseCidr(text);
  if (range === undefined || !subnets.some((subnet) => contains(subnet, range)))
    throw invalid(
      'IP_RANGE_INVALID',
      `The range ${JSON.stringify(text)} is not a part of the subnet`,
      `Choose a block of ${subnets.map(formatCidr).join(' or ')}`,
    );
  return formatCidr(range);
}

const MTU_OPTIONS = ['mtu', 'com.docker.network.driver.mtu'];

function chooseMtu({ options: given }: NetworkSpec, { options, routes }: Surroundings): number {
  const unknown = Object.keys(given).find((name) => !MTU_OPTIONS.includes(name));
  if (unknown !== undefined)
    throw invalid(
      'NETWORK_OPTION_UNKNOWN',
      `Bridge networks have no option ${JSON.stringify(unknown)}`,
      'They have: mtu',
    );
  const text = MTU_OPTIONS.map((name) => given[name]).find((value) => value !== undefined);
  if (text === undefined) return options.mtu ?? routes.mtu;
  if (!/^\d{1,5}$/.test(text) || !isMtu(Number(text)))
    throw invalid(
      'MTU_INVALID',
      `${JSON.stringify(text)} is not an MTU`,
      'It is a number of bytes from 68 to 65535',
    );
  return Number(text);
}
