/** The network flags of create and run. */
import { isIP } from 'node:net';
import type { CreateRequest } from '@strata/engine';
import type { Flags } from '../parse/flag-reader.ts';
import { defined, some, splitPair } from './defined.ts';
import { splitCsv } from './mounts.ts';

type Endpoint = NonNullable<CreateRequest['networks']>[number];
type Port = NonNullable<CreateRequest['ports']>[number];
type Fail = (problem: string) => Error;

const protocols: readonly string[] = ['tcp', 'udp', 'sctp'];
const options: Readonly<Record<string, 'ip' | 'ipv6' | 'macAddress'>> = {
  ip: 'ip',
  ip6: 'ipv6',
  'mac-address': 'macAddress',
};

/** `--network web`, or docker's long form: `name=web,alias=www,ip=10.9.0.5`. */
function parseNetwork(text: string, fail: Fail): Endpoint {
  if (!text.includes('=')) {
    const [network = '', ...aliases] = text.split(',');
    return { network, ...defined({ aliases: some(aliases) }) };
  }
  let network = '';
  const aliases: string[] = [];
  const endpoint: { -readonly [Name in 'ip' | 'ipv6' | 'macAddress']?: string } = {};
  for (const field of splitCsv(text)) {
    const [name, value = ''] = splitPair(field.trim());
    const option = options[name];
    if (name === 'name') network = value;
    else if (name === 'alias') aliases.push(value);
    else if (option !== undefined) endpoint[option] = value;
    else throw fail(`invalid field ${name}; the fields are name, alias, ip, ip6 and mac-address`);
  }
  if (network === '') throw fail('network name/id is not specified');
  return { network, ...endpoint, ...defined({ aliases: some(aliases) }) };
}

/** `--ip`, `--network-alias` and the like speak of the first network. */
function readNetworks(flags: Flags): Pick<CreateRequest, 'network' | 'networks'> {
  const named = [...flags.list('network'), ...flags.list('net')].map((text) =>
    parseNetwork(text, (problem) => flags.invalid('network', text, problem)),
  );
  const aliases = flags.list('network-alias');
  const own = defined({
    ip: flags.string('ip'),
    ipv6: flags.string('ip6'),
    macAddress: flags.string('mac-address'),
  });
  if (named.length === 0 && aliases.length === 0 && Object.keys(own).length === 0) return {};
  const [first = { network: 'default' }, ...more] = named;
  const all = [...(first.aliases ?? []), ...aliases];
  const endpoint = { ...first, ...own, ...defined({ aliases: some(all) }) };
  if (more.length === 0 && Object.keys(endpoint).length === 1) return { network: first.network };
  return { networks: [endpoint, ...more] };
}

/** First and last of `80` or `80-90`. */
function parseRange(text: string, fail: Fail): readonly [number, number] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last > 65_535 || first > last) throw fail(`invalid port or range: ${text}`);
  return [first, last];
}

/** `[ip:][host[-host]:]container[-container][/proto]`, as docker reads it. */
export function parsePublish(text: string, fail: Fail): readonly Port[] {
  const [address = '', protocol = 'tcp'] = splitPair(text, '/');
  if (!protocols.includes(protocol)) throw fail(`invalid protocol: ${protocol}`);
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):(?=[^:]*:))?(?:([^:]*):)?([^:]+)$/.exec(address);
  if (match === null) throw fail(`invalid port specification: ${text}`);
  const hostIp = match[1] ?? match[2] ?? '';
  if (hostIp !== '' && isIP(hostIp) === 0) throw fail(`invalid IP address: ${hostIp}`);
  const [first, last] = parseRange(match[4] ?? '', fail);
  if (first === 0) throw fail(`invalid port or range: ${match[4]}`);
  const host = match[3] ?? '';
  const [hostFirst, hostLast] = host === '' ? [0, 0] : parseRange(host, fail);
  const count = last - first + 1;
  const made = { hostIp, protocol: protocol as Port['protocol'] };
  if (count === 1 && hostLast > hostFirst)
    return [{ ...made, hostPort: hostFirst, hostPortEnd: hostLast, containerPort: first }];
  if (host !== '' && hostLast - hostFirst + 1 !== count)
    throw fail(`invalid ranges specified for container and host ports: ${match[4]} and ${host}`);
  return Array.from({ length: count }, (_, n) => ({
    ...made,
    hostPort: host === '' ? 0 : hostFirst + n,
    containerPort: first + n,
  }));
}

function readExposed(flags: Flags): readonly string[] {
  return flags.list('expose').flatMap((text) => {
    const fail = (problem: string) => flags.invalid('expose', text, problem);
    const [range = '', protocol = 'tcp'] = splitPair(text, '/');
    if (!protocols.includes(protocol)) throw fail(`invalid protocol: ${protocol}`);
    const [first, last] = parseRange(range, fail);
    return Array.from({ length: last - first + 1 }, (_, n) => `${first + n}/${protocol}`);
  });
}

export function readNetworkOptions(flags: Flags) {
  const ports = flags.list('publish').flatMap((text) => {
    return parsePublish(text, (problem) => flags.invalid('publish', text, problem));
  });
  return {
    ...readNetworks(flags),
    ports: some(ports),
    publishAll: flags.bool('publish-all') || undefined,
    exposedPorts: some(readExposed(flags)),
    dns: some(flags.list('dns')),
    dnsSearch: some(flags.list('dns-search')),
    dnsOptions: some([...flags.list('dns-option'), ...flags.list('dns-opt')]),
  };
}
