import {
  type ArgSpec,
  bool,
  type CommandSpec,
  filterFlag,
  forcePrompt,
  formatFlag,
  list,
  noTrunc,
  quietIds,
  string,
} from './spec.ts';

const network: ArgSpec = { name: 'NETWORK', complete: 'network' };
const container: ArgSpec = { name: 'CONTAINER', complete: 'container' };
const address = { value: 'address' };

export const networkCommands: readonly CommandSpec[] = [
  {
    paths: ['port', 'container port'],
    group: 'commands',
    summary: 'List port mappings or a specific mapping for the container',
    args: [
      { name: 'CONTAINER', complete: 'running' },
      { name: 'PRIVATE_PORT[/PROTO]', optional: true },
    ],
    flags: [],
    handler: 'port',
  },
  {
    paths: ['network create'],
    group: 'commands',
    summary: 'Create a network',
    args: [{ name: 'NETWORK' }],
    flags: [
      string('d,driver', 'Driver to manage the network', {
        default: 'bridge',
        complete: ['bridge', 'cni'],
      }),
      string('gateway', 'Gateway of the subnet', address),
      bool('internal', 'Restrict external access to the network'),
      string('ip-range', 'Allocate container addresses from a sub-range', { value: 'cidr' }),
      bool('ipv6', 'Enable IPv6 addresses'),
      list('label', 'Set metadata on a network', { value: 'name[=value]' }),
      list('o,opt', 'Set driver specific options', { value: 'name=value' }),
      list('subnet', 'Subnet in CIDR format', { value: 'cidr' }),
    ],
    handler: 'createNetwork',
    examples: [
      ['strata network create web', 'containers on it find each other by name'],
      ['strata network create --subnet 10.9.0.0/24 --internal back', 'without a way out'],
      [
        'strata network create -d cni --opt conflist=/etc/cni/net.d/20-lan.conflist lan',
        'what a CNI list describes',
      ],
    ],
  },
  {
    paths: ['network ls', 'network list'],
    group: 'commands',
    summary: 'List networks',
    args: [],
    flags: [filterFlag, formatFlag, noTrunc, quietIds],
    handler: 'listNetworks',
  },
  {
    paths: ['network inspect'],
    group: 'commands',
    summary: 'Display detailed information on one or more networks',
    args: [{ ...network, repeat: true }],
    flags: [string('f,format', 'json or a Go template', { value: 'template' })],
    handler: 'inspectNetworks',
  },
  {
    paths: ['network rm', 'network remove'],
    group: 'commands',
    summary: 'Remove one or more networks',
    args: [{ ...network, repeat: true }],
    flags: [bool('f,force', 'Do not error if the network does not exist')],
    handler: 'removeNetworks',
  },
  {
    paths: ['network prune'],
    group: 'commands',
    summary: 'Remove all networks no container is attached to',
    args: [],
    flags: [list('filter', 'Filter: label=…, label!=…, until=…', { value: 'filter' }), forcePrompt],
    handler: 'pruneNetworks',
  },
  {
    paths: ['network connect'],
    group: 'commands',
    summary: 'Connect a container to a network, also while it runs',
    args: [network, container],
    flags: [
      list('alias', 'Add a network-scoped alias for the container', { value: 'name' }),
      string('ip', 'IPv4 address', address),
      string('ip6', 'IPv6 address', address),
      string('mac-address', 'MAC address', address),
    ],
    handler: 'connectNetwork',
  },
  {
    paths: ['network disconnect'],
    group: 'commands',
    summary: 'Disconnect a container from a network',
    args: [network, container],
    flags: [bool('f,force', 'No error when it is not connected')],
    handler: 'disconnectNetwork',
  },
  {
    paths: ['network reload'],
    group: 'commands',
    summary: 'Make bridges, links and firewall rules of all networks again',
    description:
      'For a host whose firewall was flushed or reloaded by something else. After a reboot it happens by itself when a network is first used.',
    args: [],
    flags: [],
    handler: 'reloadNetworks',
  },
];
