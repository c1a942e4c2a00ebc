import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NetworkPlace, networkPlace } from './network-place.ts';

let place: NetworkPlace;
let lists: string;
const ok = (...args: string[]) => place.home.ok(...args);
const refused = async (...args: string[]) => (await place.home.strata(args)).stderr;

beforeAll(async () => {
  place = await networkPlace();
  lists = join(place.home.root, '../lists');
  mkdirSync(lists);
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

const addressOf = (name: string, network: string) =>
  ok('inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
const resolve = async (from: string, name: string) =>
  (await place.home.strata(['exec', from, 'nslookup', name])).stdout;

it('a renamed container is found by its new name, by the old one no more, also after a restart', async () => {
  await ok('network', 'create', 'names');
  await ok(
    'run',
    '-d',
    '--name',
    'old',
    '--network',
    'names',
    '--network-alias',
    'kept',
    'busybox',
    'sleep',
    '600',
  );
  await ok('run', '-d', '--name', 'peer', '--network', 'names', 'busybox', 'sleep', '600');
  const address = await addressOf('old', 'names');
  expect(await resolve('peer', 'old')).toContain(address);
  await ok('rename', 'old', 'new');
  expect(await resolve('peer', 'new')).toContain(address);
  expect(await resolve('peer', 'kept')).toContain(address);
  expect(await resolve('peer', 'old')).not.toContain(address);
  await ok('network', 'reload');
  await ok('restart', '-t', '0', 'new');
  const now = await addressOf('new', 'names');
  await expect.poll(() => resolve('peer', 'new'), { timeout: 30_000 }).toContain(now);
  expect(await refused('rename', 'new', 'peer')).toContain('CONTAINER_NAME_TAKEN');
  await ok('rm', '-f', 'new', 'peer');
  await ok('network', 'rm', 'names');
});

it('addresses of both families are given as asked for and shown, and --dns is for the names outside', async () => {
  await ok('network', 'create', '--subnet', '10.99.7.0/24', '--subnet', 'fd99:7::/64', 'dual');
  const on = ['--network', 'dual', '--dns', '203.0.113.7'];
  await ok(
    'run',
    '-d',
    '--name',
    'both',
    ...on,
    '--ip',
    '10.99.7.77',
    '--ip6',
    'fd99:7::77',
    'busybox',
    'sleep',
    '600',
  );
  const shown = JSON.parse(await ok('inspect', '-f', '{{json .NetworkSettings}}', 'both'));
  expect(shown).toMatchObject({
    ...{ Gateway: '10.99.7.1', IPAddress: '10.99.7.77' },
    ...{ IPv6Gateway: 'fd99:7::1', GlobalIPv6Address: 'fd99:7::77', GlobalIPv6PrefixLen: 64 },
  });
  expect(shown.Networks.dual).toMatchObject({
    IPv6Gateway: 'fd99:7::1',
    IPAMConfig: { IPv4Address: '10.99.7.77', IPv6Address: 'fd99:7::77' },
  });
  expect(await ok('exec', 'both', 'ip', '-o', 'address')).toMatch(/10\.99\.7\.77\/24[\s\S]*fd99:7::77\/64/);
  expect(await ok('exec', 'both', 'cat', '/proc/sys/net/ipv6/conf/eth0/accept_ra')).toBe('0');
  // The server of the network asks it; named here, too, its "no such name" would be taken for containers.
  const resolvConf = await ok('exec', 'both', 'cat', '/etc/resolv.conf');
  expect(resolvConf).toMatch(/^nameserver 10\.99\.7\.1$/m);
  expect(resolvConf).not.toContain('203.0.113.7');
  expect(await place.on('sh', '-c', `cat ${place.home.run}/drivers/network/bridge/dns/*`)).toMatch(
    /both,\w+ 203\.0\.113\.7$/m,
  );
  expect(await refused('run', ...on, '--ip', 'fd99:7::8', '--ip6', 'fd99:7::9', 'busybox')).toMatch(
    /both IPv6/,
  );
  expect(await refused('run', ...on, '--ip6', '10.99.7.9', 'busybox')).toMatch(/not an IPv6 address/);
  await ok('rm', '-f', 'both');
  await ok('network', 'rm', 'dual');
});

describe('networks of CNI lists', () => {
  const list = (name: string, subnet: string, extra: object[] = []) => {
    const ipam = { type: 'host-local', subnet, dataDir: join(lists, `leases-${name}`) };
    const plugins = [{ type: 'bridge', bridge: `cni-${name}`, isGateway: true, ipam }, ...extra];
    const file = join(lists, `${name}.conflist`);
    writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name, plugins }));
    return file;
  };
  const create = (name: string, file: string, ...more: string[]) => [
    'network',
    'create',
    '-d',
    'cni',
    '--opt',
    `conflist=${file}`,
    ...more,
    name,
  ];
  const address = ['ip', '-o', '-4', 'address', 'show', 'eth0'];

  it('are made, used beside each other, told apart and removed', async () => {
    const [red, blue] = [list('red', '10.71.0.0/24'), list('blue', '10.72.0.0/24')];
    await ok(...create('red', red));
    await ok(...create('blue', blue, '--label', 'tier=x'));
    expect(await ok('network', 'ls', '--filter', 'driver=cni', '--format', '{{.Name}}')).toBe('blue\nred');
    expect(await ok('run', '--rm', '--network', 'red', 'busybox', ...address)).toContain('10.71.0.');
    expect(await ok('run', '--rm', '--network', 'blue', 'busybox', ...address)).toContain('10.72.0.');
    await ok('run', '-d', '--name', 'both', '--network', 'red', 'busybox', 'sleep', '600');
    await ok('network', 'connect', 'blue', 'both');
    expect(await ok('exec', 'both', 'ip', '-o', '-4', 'address')).toMatch(/10\.71\.0\.[\s\S]*10\.72\.0\./);
    expect(await refused('network', 'rm', 'red')).toContain('NETWORK_IN_USE');
    await ok('network', 'reload');
    expect(await ok('exec', 'both', 'ip', '-o', '-4', 'address')).toMatch(/10\.71\.0\.[\s\S]*10\.72\.0\./);
    await ok('rm', '-f', 'both');
    await ok('network', 'rm', 'red', 'blue');
    expect(existsSync(red)).toBe(true);
    expect(await ok('network', 'ls', '-q', '--filter', 'driver=cni')).toBe('');
    expect(await ok('check')).toBe('The store is clean');
  });

  it('are refused where the list cannot be what was asked for', async () => {
    const file = list('fine', '10.73.0.0/24');
    expect(await refused('network', 'create', '-d', 'cni', 'x')).toContain('--opt conflist=FILE');
    expect(await refused(...create('x', 'relative.conflist'))).toContain('absolute path');
    expect(await refused(...create('x', '/nowhere'))).toContain('CNI_CONFIG_MISSING');
    expect(await refused(...create('x', file, '--subnet', '10.1.0.0/16'))).toContain(
      'configuration list says',
    );
    expect(await refused(...create('x', file, '--opt', 'mtu=1'))).toContain('no network option "mtu"');
    const missing = list('missing', '10.74.0.0/24', [{ type: 'nosuchplugin' }]);
    expect(await refused(...create('x', missing))).toContain('CNI_PLUGIN_MISSING');
    expect(await ok('network', 'ls', '-q', '--filter', 'driver=cni')).toBe('');
  });

  it('a plugin that is killed fails the start, and nothing of the others is left', async () => {
    const plugins = join(lists, 'plugins');
    mkdirSync(plugins);
    // Answers VERSION, and dies of SIGKILL at ADD.
    const script = '#!/bin/sh\ncat >/dev/null\n[ "$CNI_COMMAND" = ADD ] && kill -9 $$\n';
    writeFileSync(join(plugins, 'dies'), `${script}exit 0\n`, { mode: 0o755 });
    const config = join(lists, 'config.toml');
    writeFileSync(config, `[options.network.cni]\nplugins = "/usr/lib/cni,${plugins}"\n`);
    const home = (...args: string[]) => place.home.strata(['--config', config, ...args]);
    const file = list('dying', '10.75.0.0/24', [{ type: 'dies' }]);
    expect(await home(...create('dying', file))).toMatchObject({ code: 0 });
    const before = await place.picture();
    const failed = await home('run', '--rm', '--network', 'dying', 'busybox', 'true');
    expect(failed).toMatchObject({ code: 125, stderr: expect.stringContaining('dies') });
    const after = await place.picture();
    // The plugin's bridge is its own and stays.
    expect(after.replace(/\s*"cni-dying",/, '')).toBe(before);
    expect(await ok('ps', '-aq')).toBe('');
    expect(await place.on('ls', join(lists, 'leases-dying/dying'))).not.toMatch(/^10\.75/m);
    expect(await home('network', 'rm', 'dying')).toMatchObject({ code: 0 });
    expect(await home('check')).toMatchObject({ code: 0 });
  });
});
