/**
 * @module The driver as `strata driver test` runs it, in a network namespace of its own: over the list of the host, and
 * where there is none over one of the bridge, portmap and tuning plugins.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { type DriverDefinition, isStrataError } from '@strata/core';
import type { CniOptions } from './cni-options.ts';
import { readConflist } from './conflist.ts';
import definition from './index.ts';

const suiteList = (leases: string) => ({
  cniVersion: '1.0.0',
  name: 'suite',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni-suite0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: leases,
        ranges: [[{ subnet: '10.98.0.0/24' }], [{ subnet: 'fd00:98::/64' }]],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'tuning', capabilities: { mac: true } },
  ],
});

const suite: DriverDefinition<'network', CniOptions> = {
  ...definition,
  async create(context) {
    if (await hasList(context.options)) return definition.create(context);
    const conflist = writeList(context.root);
    return definition.create({ ...context, options: { ...context.options, conflist } });
  },
};

export default suite;

/** Whatever else is wrong with it, the cases say. */
async function hasList(options: CniOptions): Promise<boolean> {
  return readConflist(options).then(
    () => true,
    (error: unknown) => !isStrataError(error) || error.code !== 'CNI_CONFIG_MISSING',
  );
}

/** The same for all processes of a root. */
function writeList(root: string): string {
  // Or addresses of the bridge come into force a second after they were given.
  writeFileSync('/proc/sys/net/ipv6/conf/default/accept_dad', '0');
  const file = `${root}/suite.conflist`;
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(suiteList(`${root}/leases`)));
  renameSync(own, file);
  return file;
}
