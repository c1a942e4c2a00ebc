/** hosts, hostname and resolv.conf: generated in the container's directory and mounted over the image's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Attachment, StrataError } from '@strata/core';
import type { ContainerConfig } from '../container-config.ts';

/** A stub resolver listens on the host's loopback, which the container does not have. */
const loopback = /^(127\.|::1$)/;
const publicResolvers = ['8.8.8.8', '8.8.4.4'];

export interface NetworkFacts {
  readonly sharesHost: boolean;
  readonly connects: boolean;
  readonly attachments: readonly Attachment[];
}

export function writeNetworkFiles(directory: string, config: ContainerConfig, network: NetworkFacts): void {
  const write = (name: string, content: string) =>
    writeFileSync(join(directory, name), content, { mode: 0o644 });
  write('hostname', `${config.hostname}\n`);
  write('hosts', hosts(config, network));
  write('resolv.conf', resolvConf(config, network));
}

/** Lines of /etc/hosts for the container's own addresses on a network. */
export function ownLines(
  config: Pick<ContainerConfig, 'hostname' | 'domainname'>,
  { addresses }: Pick<Attachment, 'addresses'>,
): string[] {
  const { hostname, domainname } = config;
  if (hostname === '') return [];
  const names = domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`;
  return addresses.map((address) => `${address.replace(/\/\d+$/, '')}\t${names}`);
}

function hosts(config: ContainerConfig, network: NetworkFacts): string {
  const lines = network.sharesHost
    ? [readHost('/etc/hosts').trimEnd()]
    : [
        '127.0.0.1\tlocalhost',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        'fe00::0\tip6-localnet',
        'ff00::0\tip6-mcastprefix',
        'ff02::1\tip6-allnodes',
        'ff02::2\tip6-allrouters',
      ];
  for (const extra of config.extraHosts) {
    const at = extra.search(/[:=]/);
    const address = extra.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
    lines.push(`${address === 'host-gateway' ? hostGateway(network) : address}\t${extra.slice(0, at)}`);
  }
  for (const attachment of network.attachments) lines.push(...ownLines(config, attachment));
  return `${lines.join('\n')}\n`;
}

/** The host as the container reaches it. */
function hostGateway({ sharesHost, attachments }: NetworkFacts): string {
  const gateway = attachments.find((attachment) => attachment.gateway !== undefined)?.gateway;
  if (gateway !== undefined) return gateway;
  if (sharesHost) return '127.0.0.1';
  throw new StrataError(
    'failed-precondition',
    'HOST_GATEWAY_UNKNOWN',
    'host-gateway has no address: the container has no network that leads to the host',
    { hint: 'Choose a network that is not internal' },
  );
}

/**
 * Name servers of its networks come first. Those that ask the user's themselves are alone: some resolvers (musl's) ask
 * all at once, and take another's word that there is no such name.
 */
export function resolvConf(config: ContainerConfig, network: NetworkFacts): string {
  const own = [...new Set(network.attachments.flatMap(({ nameservers }) => nameservers))];
  const forwarded = network.attachments.every(
    ({ nameservers, forwards }) => nameservers.length === 0 || forwards === true,
  );
  const given = own.length > 0 && forwarded ? own : [...own, ...config.dns];
  const options = config.dnsOptions ?? [];
  const lines = readHost('/etc/resolv.conf').split('\n');
  const kept = lines.filter((line) => {
    const [keyword, value = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') return given.length === 0 && (network.sharesHost || !loopback.test(value));
    if (keyword === 'search' || keyword === 'domain') return config.dnsSearch.length === 0;
    if (keyword === 'options') return options.length === 0;
    return line.trim() !== '' && !line.startsWith('#') && !line.startsWith(';');
  });
  for (const address of given) kept.push(`nameserver ${address}`);
  if (network.connects && !kept.some((line) => line.startsWith('nameserver')))
    for (const address of publicResolvers) kept.push(`nameserver ${address}`);
  if (config.dnsSearch.length > 0 && config.dnsSearch[0] !== '.')
    kept.push(`search ${config.dnsSearch.join(' ')}`);
  if (options.length > 0) kept.push(`options ${options.join(' ')}`);
  return `${kept.join('\n')}\n`;
}

function readHost(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
