/**
 * The driver over Debian's bridge, portmap and tuning plugins, in the network namespace of the suite. Plugins keep their
 * bridge and their base chains for ever, so these are made by a throwaway container before the suite looks at the host.
 */
import { existsSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import type { DriverDefinition } from '@strata/core';
import { createHost } from '@strata/host';
import { CniChain } from '../src/cni-chain.ts';
import type { CniOptions } from '../src/cni-options.ts';
import { PluginRunner } from '../src/cni-plugin.ts';
import { parseConflist } from '../src/conflist.ts';
import definition from '../src/index.ts';

const bridge = 'cni-suite0';
/** All processes of the suite are in one namespace, and share what is kept beside it. */
const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0];
const directory = `/dev/shm/strata-cni-${namespace}`;
const file = `${directory}/suite.conflist`;

const conflist = {
  cniVersion: '1.0.0',
  name: 'suite',
  plugins: [
    {
      type: 'bridge',
      bridge,
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: `${directory}/leases`,
        ranges: [[{ subnet: '10.98.0.0/24' }], [{ subnet: 'fd00:98::/64' }]],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'tuning', capabilities: { mac: true } },
  ],
};

if (!existsSync(directory)) await warmUp();

async function warmUp(): Promise<void> {
  mkdirSync(directory);
  // Or addresses of the bridge come into force a second after they were given.
  writeFileSync('/proc/sys/net/ipv6/conf/default/accept_dad', '0');
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(file, JSON.stringify(conflist));
  const host = createHost();
  const sandbox = `${directory}/warm`;
  await host.namespaces.createNetwork(sandbox);
  const chain = new CniChain(new PluginRunner(host.exec, ['/usr/lib/cni', '/opt/cni/bin']));
  const portMappings = ['tcp', 'udp'].map((protocol) => ({ hostPort: 18_079, containerPort: 80, protocol }));
  const endpoint = {
    conflist: parseConflist(conflist, file),
    containerId: 'warm',
    interfaceName: 'eth0',
    runtimeConfig: { portMappings },
    arguments: '',
  };
  await chain.delete(endpoint, sandbox, await chain.add(endpoint, sandbox));
  await host.namespaces.removeNetwork(sandbox);
}

const { options } = definition;
const suite: DriverDefinition<'network', CniOptions> = {
  ...definition,
  options: {
    '~standard': {
      ...options['~standard'],
      validate: (value) => options['~standard'].validate({ conflist: file, ...(value as object) }),
    },
  },
};

export default suite;
