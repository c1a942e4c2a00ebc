import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NetworkPlace, networkPlace } from './network-place.ts';

const web = ['httpd', '-f', '-h', '/etc', '-p', '80'];
// wget -T of Debian's static busybox crashes.
const fetchFrom = (url: string) => ['timeout', '2', 'wget', '-q', '-O', '-', url];

const patience = { timeout: 60_000, interval: 100 };

let place: NetworkPlace;
const ok = (...args: string[]) => place.home.ok(...args);
const refused = async (...args: string[]) => {
  const { code, stderr } = await place.home.strata(args);
  return { code, stderr };
};
/** A server that was started a moment ago may not listen yet. */
const patiently = ['--retry', '5', '--retry-connrefused', '--retry-delay', '1'];
const curl = (url: string) => place.on('curl', '-s', '-m', '2', ...patiently, url);

beforeAll(async () => {
  place = await networkPlace();
  // The bridge is made by the first container and stays.
  await ok('run', '--rm', 'busybox', 'true');
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

describe('the bridge', () => {
  it('is what a container is on without being asked', async () => {
    const { home, address } = place;
    const before = await place.picture();
    const seen = await home.ok(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'ip -o addr; ip route; cat /etc/hosts /etc/resolv.conf; hostname',
    );
    const own = /eth0 +inet (\S+)\/21/.exec(seen)?.[1];
    expect(own).toBeDefined();
    expect(seen).toMatch(/lo +inet 127\.0\.0\.1\/8/);
    expect(seen).toMatch(/^default via \S+ dev eth0/m);
    expect(seen).toContain(`${own}\t${seen.split('\n').at(-1)}`);
    expect(seen).toMatch(/^nameserver /m);
    expect(seen).not.toMatch(/nameserver 127\./);
    await place.serve('host', address, 7001);
    expect(await home.ok('run', '--rm', 'busybox', 'nc', address, '7001')).toMatch(/^10\./);
    expect(await place.picture()).toBe(before);
  });

  it('leads out under the address of the host', async () => {
    await place.serve('outside', place.outside, 7002);
    expect(await ok('run', '--rm', 'busybox', 'nc', place.outside, '7002')).toBe(place.address);
  });

  it('is not there with none, and is the host itself with host', async () => {
    expect(await ok('run', '--rm', '--network', 'none', 'busybox', 'ls', '/sys/class/net')).toBe('lo');
    expect(await ok('run', '--rm', '--network', 'host', 'busybox', 'ip', '-o', 'addr')).toContain(
      place.address,
    );
    expect(await refused('run', '--network', 'host', '-p', '80', 'busybox', 'true')).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('PUBLISH_UNSUPPORTED'),
    });
  });

  it('is shared by --network container:ID', async () => {
    await ok('run', '-d', '--name', 'owner', 'busybox', ...web);
    const guest = ['run', '--rm', '--network', 'container:owner', 'busybox'];
    expect(await ok(...guest, ...fetchFrom('http://127.0.0.1/hostname'))).toBe(
      await ok('exec', 'owner', 'hostname'),
    );
    expect((await refused('run', '-p', '80', ...guest.slice(1), 'true')).stderr).toContain(
      'NETWORK_CONFLICT',
    );
    await ok('rm', '-f', 'owner');
  });

  it('takes name servers, domains, options and hosts', async () => {
    const flags =
      '--dns 9.9.9.9 --dns-search example.org --dns-option ndots:3 --add-host up:host-gateway --add-host x:1.2.3.4';
    const seen = await ok(
      'run',
      '--rm',
      ...flags.split(' '),
      'busybox',
      'sh',
      '-c',
      'cat /etc/resolv.conf /etc/hosts; ip route',
    );
    const gateway = /^default via (\S+)/m.exec(seen)?.[1];
    expect(seen).toContain('nameserver 9.9.9.9\nsearch example.org\noptions ndots:3\n');
    expect(seen).toContain(`${gateway}\tup\n1.2.3.4\tx\n`);
  });
});

describe('published ports', () => {
  it('are reached from the loopback, another interface and other containers', async () => {
    const id = await ok(
      'run',
      '-d',
      '--name',
      'pub',
      '-p',
      '127.0.0.1:8080:80',
      '-p',
      '8081:80',
      'busybox',
      ...web,
    );
    const name = id.slice(0, 12);
    expect(await curl('http://127.0.0.1:8080/hostname')).toBe(name);
    expect(await curl('http://127.0.0.1:8081/hostname')).toBe(name);
    expect(await place.outsideOn('curl', '-s', '-m', '2', `http://${place.address}:8081/hostname`)).toBe(
      name,
    );
    expect(await place.outsideOn('curl', '-s', '-m', '1', `http://${place.address}:8080/hostname`)).toBe('');
    expect(await ok('run', '--rm', 'busybox', ...fetchFrom(`http://${place.address}:8081/hostname`))).toBe(
      name,
    );
    expect(await ok('port', 'pub')).toBe('80/tcp -> 127.0.0.1:8080\n80/tcp -> 0.0.0.0:8081');
    expect(await ok('port', 'pub', '80')).toBe('127.0.0.1:8080\n0.0.0.0:8081');
    expect(await ok('ps', '--format', '{{.Ports}}')).toBe('0.0.0.0:8081->80/tcp, 127.0.0.1:8080->80/tcp');
    const shown = JSON.parse(await ok('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'pub'));
    expect(shown).toEqual({
      '80/tcp': [
        { HostIp: '127.0.0.1', HostPort: '8080' },
        { HostIp: '0.0.0.0', HostPort: '8081' },
      ],
    });
  });

  it('that are busy are refused before anything starts', async () => {
    const before = await place.picture();
    const containers = await ok('ps', '-aq');
    for (const busy of ['8080', '127.0.0.1:8080', '0.0.0.0:8081'])
      expect(await refused('run', '-p', `${busy}:80`, 'busybox', 'true')).toMatchObject({
        code: 125,
        stderr: expect.stringContaining('PORT_IN_USE'),
      });
    await place.serve('host', '127.0.0.1', 8085);
    expect((await refused('run', '-p', '127.0.0.1:8085:80', 'busybox', 'true')).stderr).toContain('8085/tcp');
    expect(await ok('ps', '-aq')).toBe(containers);
    expect(await place.picture()).toBe(before);
  });

  it('follow the container through stop, start and restart, and go with it', async () => {
    await ok('stop', '-t', '0', 'pub');
    expect(await curl('http://127.0.0.1:8080/hostname')).toBe('');
    expect(await ok('port', 'pub')).toBe('');
    await ok('start', 'pub');
    await expect.poll(() => curl('http://127.0.0.1:8080/hostname'), patience).not.toBe('');
    await ok('restart', '-t', '0', 'pub');
    await expect.poll(() => curl('http://127.0.0.1:8080/hostname'), patience).not.toBe('');
    await ok('rm', '-f', 'pub');
    expect(await curl('http://127.0.0.1:8080/hostname')).toBe('');
  });

  it('come from ranges, from what is free and from EXPOSE', async () => {
    await ok(
      'run',
      '-d',
      '--name',
      'many',
      '-p',
      '8100-8102:80-82',
      '-p',
      '8100-8110:90',
      '-p',
      '53/udp',
      '-P',
      '--expose',
      '443',
      'busybox',
      ...web,
    );
    const lines = (await ok('port', 'many')).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      '80/tcp -> 0.0.0.0:8100',
      '81/tcp -> 0.0.0.0:8101',
      '82/tcp -> 0.0.0.0:8102',
      '90/tcp -> 0.0.0.0:8103',
    ]);
    expect(lines.slice(4)).toEqual([
      expect.stringMatching(/^53\/udp -> 0\.0\.0\.0:\d{4,5}$/),
      expect.stringMatching(/^443\/tcp -> 0\.0\.0\.0:\d{4,5}$/),
    ]);
    await ok('rm', '-f', 'many');
  });
});

describe('user networks', () => {
  it('let containers find each other by name, alias and id, while they run', async () => {
    await ok('network', 'create', 'shop');
    const id = await ok(
      'run',
      '-d',
      '--name',
      'front',
      '--network',
      'shop',
      '--network-alias',
      'www',
      'busybox',
      ...web,
    );
    const back = await ok('run', '-d', '--name', 'back', '--network', 'shop', 'busybox', ...web);
    for (const name of ['front', 'www', id.slice(0, 12)])
      expect(await ok('exec', 'back', ...fetchFrom(`http://${name}/hostname`))).toBe(id.slice(0, 12));
    expect(await ok('exec', 'front', ...fetchFrom('http://back/hostname'))).toBe(back.slice(0, 12));
    await ok('stop', '-t', '0', 'back');
    expect((await refused('exec', 'front', ...fetchFrom('http://back/hostname'))).stderr).toContain(
      'bad address',
    );
    await ok('start', 'back');
    await expect
      .poll(async () => (await refused('exec', 'front', ...fetchFrom('http://back/hostname'))).code, patience)
      .toBe(0);
  });

  it('are apart from each other until a container is connected, also while it runs', async () => {
    await ok(
      'network',
      'create',
      '--subnet',
      '10.9.0.0/24',
      '--ip-range',
      '10.9.0.128/25',
      '--label',
      'tier=data',
      'data',
    );
    const front = await ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'front');
    const store = await ok(
      'run',
      '-d',
      '--name',
      'store',
      '--network',
      'data',
      '--ip',
      '10.9.0.9',
      '--mac-address',
      '02:00:00:00:00:09',
      'busybox',
      ...web,
    );
    expect((await refused('exec', 'store', ...fetchFrom(`http://${front}/hostname`))).code).not.toBe(0);
    await ok('network', 'connect', '--alias', 'till', 'data', 'front');
    expect(await ok('exec', 'front', ...fetchFrom('http://store/hostname'))).toBe(store.slice(0, 12));
    expect(await ok('exec', 'store', ...fetchFrom('http://till/hostname'))).toMatch(/^[0-9a-f]{12}$/);
    expect(await ok('exec', 'front', 'cat', '/etc/hosts')).toMatch(/^10\.9\.0\.128\t/m);
    expect(await ok('exec', 'store', 'cat', '/sys/class/net/eth0/address')).toBe('02:00:00:00:00:09');
    expect(await ok('ps', '--filter', 'name=front', '--format', '{{.Networks}}')).toBe('shop,data');
    await ok('network', 'disconnect', 'data', 'front');
    expect((await refused('exec', 'front', ...fetchFrom('http://10.9.0.9/hostname'))).code).not.toBe(0);
    expect(await ok('exec', 'front', 'cat', '/etc/hosts')).not.toContain('10.9.0.');
    expect((await refused('network', 'disconnect', 'data', 'front')).stderr).toContain(
      'NETWORK_NOT_CONNECTED',
    );
    await ok('network', 'disconnect', '-f', 'data', 'front');
  });

  it('are listed, inspected, refused removal while in use, and pruned', async () => {
    expect(await ok('network', 'ls', '--filter', 'label=tier', '--format', '{{.Name}} {{.Driver}}')).toBe(
      'data bridge',
    );
    expect((await ok('network', 'ls', '--format', '{{.Name}}')).split('\n')).toEqual([
      'bridge',
      'data',
      'host',
      'none',
      'shop',
    ]);
    const [data] = JSON.parse(await ok('network', 'inspect', 'data'));
    expect(data.IPAM.Config).toEqual([
      { Subnet: '10.9.0.0/24', IPRange: '10.9.0.128/25', Gateway: '10.9.0.1' },
    ]);
    expect(Object.values(data.Containers)).toEqual([
      expect.objectContaining({ Name: 'store', IPv4Address: '10.9.0.9/24', MacAddress: '02:00:00:00:00:09' }),
    ]);
    const codes = async (...args: string[]) => /\(([A-Z_]+)\)/.exec((await refused(...args)).stderr)?.[1];
    expect(await codes('network', 'rm', 'data')).toBe('NETWORK_IN_USE');
    expect(await codes('network', 'rm', 'bridge')).toBe('NETWORK_PREDEFINED');
    expect(await codes('network', 'rm', 'nowhere')).toBe('NETWORK_NOT_FOUND');
    expect(await codes('network', 'create', 'data')).toBe('NETWORK_EXISTS');
    expect(await codes('network', 'create', 'host')).toBe('NETWORK_NAME_RESERVED');
    expect(await codes('network', 'create', '../x')).toBe('NETWORK_REQUEST_INVALID');
    expect(await codes('run', '--network', 'nowhere', 'busybox', 'true')).toBe('NETWORK_NOT_FOUND');
    expect(await codes('run', '--network', 'data', '--ip', '10.9.0.9', 'busybox', 'true')).toBe(
      'ADDRESS_IN_USE',
    );
    await ok('rm', '-f', 'front', 'back', 'store');
    await ok('network', 'prune', '-f');
    expect(await ok('network', 'ls', '-q', '--filter', 'type=custom')).toBe('');
  });
});

describe('what goes wrong', () => {
  it('a container whose monitor was killed gives everything back', async () => {
    const before = await place.picture();
    await ok('run', '-d', '--name', 'lost', '-p', '8200:80', 'busybox', ...web);
    const pid = Number(await ok('inspect', '-f', '{{.State.Pid}}', 'lost'));
    const monitor = Number((await place.on('ps', '-o', 'ppid=', '-p', String(pid))).trim());
    process.kill(monitor, 'SIGKILL');
    // Its process lives on, and all say the same of it.
    await expect.poll(() => ok('ps', '-a', '--format', '{{.State}}'), patience).toBe('exited');
    expect(await ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'lost')).toBe('exited 255');
    await ok('cleanup');
    expect(await place.picture()).toBe(before);
    await ok('rm', 'lost');
  });

  it('a command killed at any point leaves nothing that cleanup does not take', async () => {
    const before = await place.picture();
    for (const wait of [40, 80, 120, 160, 220]) {
      const ending = AbortSignal.timeout(wait);
      await place.home
        .strata(['run', '--rm', '-p', '8200:80', 'busybox', 'true'], {
          signal: ending,
          killSignal: 'SIGKILL',
        })
        .catch(() => undefined);
    }
    await expect
      .poll(async () => {
        await ok('cleanup');
        return ok('ps', '-aq');
      }, patience)
      .toBe('');
    expect(await place.picture()).toBe(before);
    expect(await ok('check')).toBe('The store is clean');
  });

  it('a flushed firewall and lost bridge are mended by reload, and by themselves after a reboot', async () => {
    const { home } = place;
    await ok('run', '-d', '--name', 'web', '-p', '8300:80', 'busybox', ...web);
    const before = await place.picture();
    const [bridge = ''] = (await place.on('ls', '/proc/sys/net/ipv4/conf')).match(/sb-\w+/) ?? [];
    await place.on('nft', 'flush', 'ruleset');
    await place.on('ip', 'link', 'delete', bridge);
    expect(await curl('http://127.0.0.1:8300/hostname')).toBe('');
    const found = await home.strata(['check']);
    expect(found.code).not.toBe(0);
    expect(found.stdout).toMatch(
      new RegExp(`NETWORK_DAMAGED.*bridge ${bridge} of the network bridge is gone`),
    );
    expect(found.stdout).toMatch(/NETWORK_DAMAGED.*firewall rules/);
    await ok('check', '--repair');
    expect(await curl('http://127.0.0.1:8300/hostname')).toMatch(/^[0-9a-f]{12}$/);
    expect(await ok('check')).toBe('The store is clean');
    await place.on('ip', 'link', 'delete', bridge);
    await place.on('nft', 'flush', 'ruleset');
    await ok('network', 'reload');
    expect(await curl('http://127.0.0.1:8300/hostname')).toMatch(/^[0-9a-f]{12}$/);
    expect(await place.picture()).toBe(before);
    await ok('rm', '-f', 'web');
    await place.on('nft', 'flush', 'ruleset');
    await place.on('ip', 'link', 'delete', bridge);
    const store = new DatabaseSync(`${home.root}/strata.db`);
    store.exec("UPDATE settings SET value = 'another boot' WHERE name = 'network.boot.bridge'");
    store.close();
    expect(await ok('run', '--rm', 'busybox', 'nc', '-w', '2', place.outside, '7002')).toBe(place.address);
  });
});

it('starts 24 containers, 8 at a time, each with its own address, and leaves no trace', async () => {
  const before = await place.picture();
  const names = Array.from({ length: 24 }, (_, n) => `c${n}`);
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      await ok('run', '-d', '--name', name, '-p', '80', 'busybox', 'sleep', '600');
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  const format =
    '{{.NetworkSettings.IPAddress}} {{range .NetworkSettings.Ports}}{{range .}}{{.HostPort}}{{end}}{{end}}';
  const seen = (await ok('inspect', '-f', format, ...names)).split('\n').map((line) => line.split(' '));
  for (const column of [0, 1]) expect(new Set(seen.map((line) => line[column])).size).toBe(24);
  await ok('rm', '-f', ...names);
  expect(await place.picture()).toBe(before);
});
