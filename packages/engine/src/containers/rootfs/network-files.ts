/** hosts, hostname and resolv.conf: generated in the container's directory and mounted over the image's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerConfig } from '../container-config.ts';

/** A stub resolver listens on the host's loopback, which the container does not have. */
const loopback = /^(127\.|::1$)/;
const publicResolvers = ['8.8.8.8', '8.8.4.4'];

export interface NetworkFacts {
  readonly sharesHost: boolean;
  readonly connects: boolean;
  readonly addresses: readonly string[];
}

export function writeNetworkFiles(directory: string, config: ContainerConfig, network: NetworkFacts): void {
  const write = (name: string, content: string) =>
    writeFileSync(join(directory, name), content, { mode: 0o644 });
  write('hostname', `${config.hostname}\n`);
  write('hosts', hosts(config, network));
  write('resolv.conf', resolvConf(config, network));
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
    lines.push(`${extra.slice(at + 1).replace(/^\[(.*)\]$/, '$1')}\t${extra.slice(0, at)}`);
  }
  const names =
    config.domainname === '' ? config.hostname : `${config.hostname}.${config.domainname} ${config.hostname}`;
  for (const address of network.addresses) lines.push(`${address.replace(/\/\d+$/, '')}\t${names}`);
  return `${lines.join('\n')}\n`;
}

function resolvConf(config: ContainerConfig, network: NetworkFacts): string {
  const lines = readHost('/etc/resolv.conf').split('\n');
  const kept = lines.filter((line) => {
    const [keyword, value = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver')
      return config.dns.length === 0 && (network.sharesHost || !loopback.test(value));
    if (keyword === 'search' || keyword === 'domain') return config.dnsSearch.length === 0;
    return line.trim() !== '' && !line.startsWith('#') && !line.startsWith(';');
  });
  for (const address of config.dns) kept.push(`nameserver ${address}`);
  if (network.connects && !kept.some((line) => line.startsWith('nameserver')))
    for (const address of publicResolvers) kept.push(`nameserver ${address}`);
  if (config.dnsSearch.length > 0 && config.dnsSearch[0] !== '.')
    kept.push(`search ${config.dnsSearch.join(' ')}`);
  return `${kept.join('\n')}\n`;
}

function readHost(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
