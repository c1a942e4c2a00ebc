/** What becomes of leases, rows and namespaces when a network driver fails or a process dies. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreateRequest } from '../../src/api/containers.ts';
import type { NetworksApi } from '../../src/api/networks.ts';
import { containerById } from '../../src/containers/state/container-store.ts';
import { checkNetworks } from '../../src/networks/check-networks.ts';
import { insertNetwork, newId } from '../../src/networks/network-store.ts';
import { createNetworksApi } from '../../src/networks/networks-api.ts';
import { sandboxPath } from '../../src/networks/sandbox.ts';
import { Findings } from '../../src/system/findings.ts';
import { type Fixture, openFixture } from '../containers/fixture.ts';
import { Lab } from './lab-driver.ts';

let lab: Lab;
let fixture: Fixture;
let networks: NetworksApi;

beforeEach(async () => {
  lab = new Lab();
  fixture = await openFixture('overlay', [lab.definition]);
  networks = createNetworksApi(fixture.services);
  await networks.create({ name: 'one', driver: 'lab' });
  await networks.create({ name: 'two', driver: 'lab' });
  lab.calls.length = 0;
});
afterEach(async () => {
  for (const { id } of await fixture.api.list({ all: true })) await fixture.api.remove(id, { force: true });
  expect([...lab.held.keys()]).toEqual([]);
  await expect.poll(() => fixture.leaks()).toEqual([]);
  await fixture[Symbol.asyncDispose]();
});

const injected = expect.objectContaining({ code: 'INJECTED' });
const names = async () => (await networks.list({ type: 'custom' })).map(({ name }) => name);

async function start(more: Partial<CreateRequest> = {}): Promise<string> {
  const request = { image: 'busybox', command: ['sleep', '100'], networks: [{ network: 'one' }] };
  const session = await fixture.api.run({ ...request, detach: true, ...more });
  await session[Symbol.asyncDispose]();
  return session.containerId;
}

async function findings(repair = false): Promise<string[]> {
  const found = new Findings(repair);
  await checkNetworks(fixture.services, found);
  return found.list.map(({ code }) => code);
}

describe('making and removing networks', () => {
  it('a driver that fails leaves no row, and its name is free', async () => {
    lab.fail('createNetwork', 'after');
    await expect(networks.create({ name: 'three', driver: 'lab' })).rejects.toEqual(injected);
    expect(lab.calls).toEqual(['createNetwork three', 'removeNetwork three']);
    expect(await names()).toEqual(['one', 'two']);
    await networks.create({ name: 'three', driver: 'lab' });
  });

  it('one that cannot be taken down either stays in the books until it can', async () => {
    lab.fail('createNetwork', 'after');
    lab.fail('removeNetwork');
    await expect(networks.create({ name: 'three', driver: 'lab' })).rejects.toEqual(injected);
    expect(await names()).toEqual(['one', 'two']);
    expect(await findings()).toEqual(['NETWORK_HALF_MADE']);
    await networks.create({ name: 'three', driver: 'lab' });
    expect(lab.calls.slice(-2)).toEqual(['removeNetwork three', 'createNetwork three']);
    expect(await findings()).toEqual([]);
  });

  it('what a dead process began is taken down by the next of that name, and told by check', async () => {
    const spec = {
      id: newId(),
      name: 'three',
      subnets: [],
      ipv6: false,
      internal: false,
      labels: {},
      options: {},
    };
    insertNetwork(fixture.services.database, 'lab', spec);
    expect(await findings()).toEqual(['NETWORK_HALF_MADE']);
    expect(await names()).toEqual(['one', 'two']);
    await networks.create({ name: 'three', driver: 'lab' });
    expect(lab.calls).toEqual(['removeNetwork three', 'createNetwork three']);
    expect(await findings()).toEqual([]);
  });

  it('a removal that fails leaves the network as it was; one in use is refused before the driver hears of it', async () => {
    lab.fail('removeNetwork');
    await expect(networks.remove('one')).rejects.toEqual(injected);
    const id = await start();
    lab.calls.length = 0;
    await expect(networks.remove('one')).rejects.toMatchObject({ code: 'NETWORK_IN_USE' });
    expect(lab.calls).toEqual([]);
    expect(await networks.prune()).toEqual(['two']);
    await fixture.api.remove(id, { force: true });
    await networks.remove('one');
  });

  it.each(['none', 'container', 'default', '../x', '-x', 'a'.repeat(64)])(
    '%s is not a name',
    async (name) => {
      await expect(networks.create({ name, driver: 'lab' })).rejects.toMatchObject({
        code: expect.stringMatching(/NETWORK_(NAME_RESERVED|REQUEST_INVALID)/),
      });
    },
  );

  it('twenty at once of one name make one', async () => {
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, () => networks.create({ name: 'three', driver: 'lab' })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(lab.calls).toEqual(['createNetwork three']);
  });
});

describe('starting on networks', () => {
  const both = { networks: [{ network: 'one' }, { network: 'two' }] };

  it.each([
    ['plan', 'before'],
    ['plan', 'after'],
    ['attach', 'before'],
    ['attach', 'after'],
  ] as const)('when %s fails %s its work, everything is given back', async (method, when) => {
    lab.fail(method, when);
    await expect(start(both)).rejects.toEqual(injected);
    expect([...lab.held.keys()]).toEqual([]);
    expect(await fixture.leaks()).toEqual([]);
    const id = await start(both);
    expect(lab.held.size).toBe(2);
    await fixture.api.remove(id, { force: true });
  });

  it('one has at most one address of each family that was asked for', async () => {
    const [one] = both.networks;
    await expect(start({ networks: [{ ...one!, ip: 'fd00::8', ipv6: 'fd00::9' }] })).rejects.toMatchObject({
      code: 'NETWORK_REQUEST_INVALID',
      message: 'fd00::8 and fd00::9 are both IPv6 addresses',
    });
    expect(await fixture.leaks()).toEqual([]);
  });

  it('one that was created keeps its wish after a failed start, and starts the next time', async () => {
    const { id } = await fixture.api.create({ image: 'busybox', command: ['sleep', '9'], ...both });
    lab.fail('attach');
    await expect(fixture.api.start(id)).rejects.toEqual(injected);
    expect(lab.held.size).toBe(0);
    expect(existsSync(sandboxPath(fixture.services, id))).toBe(false);
    await (await fixture.api.start(id))[Symbol.asyncDispose]();
    expect(lab.held.size).toBe(2);
  });

  it('a lease that cannot be given back keeps the container; whoever looks next takes both', async () => {
    const id = await start();
    lab.fail('detach');
    await expect(fixture.api.remove(id, { force: true })).rejects.toEqual(injected);
    expect(containerById(fixture.services.database, id)?.status).toBe('removing');
    expect(lab.held.size).toBe(1);
    expect(await fixture.api.list({ all: true })).toEqual([]);
    expect(lab.held.size).toBe(0);
  });

  it('of a range of host ports the first free one is taken; a fixed one that is busy fails', async () => {
    lab.busyPorts.add(8000).add(8001);
    const port = { hostIp: '', containerPort: 80, protocol: 'tcp' } as const;
    const id = await start({ ports: [{ ...port, hostPort: 8000, hostPortEnd: 8005 }] });
    expect(await networks.ports(id)).toMatchObject([{ hostPort: 8002 }]);
    await expect(start({ ports: [{ ...port, hostPort: 8000 }] })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
    await expect(start({ ports: [{ ...port, hostPort: 8000, hostPortEnd: 8001 }] })).rejects.toThrow(
      /8000-8001/,
    );
  });

  it('after a reboot the driver is restored once, however many start', async () => {
    await (
      await fixture.api.start((await fixture.api.create({ image: 'busybox', command: ['true'], ...both })).id)
    ).wait();
    fixture.services.database.run("UPDATE settings SET value = 'before' WHERE name = 'network.boot.lab'");
    lab.calls.length = 0;
    await Promise.all([start(), start(), start()]);
    expect(lab.calls.filter((call) => call.startsWith('restore'))).toEqual(['restore one,two']);
  });
});

describe('connecting and disconnecting', () => {
  it('a connect that fails leaves the container where it was', async () => {
    const id = await start();
    for (const method of ['plan', 'attach'] as const) {
      lab.fail(method, 'after');
      await expect(networks.connect({ network: 'two', container: id })).rejects.toEqual(injected);
      expect(lab.held.size).toBe(1);
    }
    await networks.connect({ network: 'two', container: id, aliases: ['x'] });
    expect(lab.held.size).toBe(2);
    await expect(networks.connect({ network: 'two', container: id })).rejects.toMatchObject({
      code: 'NETWORK_CONNECTED',
    });
  });

  it('a disconnect that fails can be tried again', async () => {
    const id = await start();
    lab.fail('detach');
    await expect(networks.disconnect('one', id)).rejects.toEqual(injected);
    expect(lab.held.size).toBe(1);
    await networks.disconnect('one', id);
    expect(lab.held.size).toBe(0);
    await expect(networks.disconnect('one', id)).rejects.toMatchObject({ code: 'NETWORK_NOT_CONNECTED' });
  });

  it('a rename reaches the name service, or does not happen', async () => {
    const id = await start({ name: 'old', networks: [{ network: 'one', aliases: ['kept'] }] });
    lab.fail('setNames');
    await expect(fixture.api.rename('old', 'new')).rejects.toEqual(injected);
    expect(await fixture.api.list()).toMatchObject([{ name: 'old' }]);
    await fixture.api.rename('old', 'new');
    expect([...lab.held.values()]).toEqual([['new', 'kept', id.slice(0, 12)]]);
    await networks.reload();
    await fixture.api.restart(id, { timeout: 0 });
    expect([...lab.held.values()]).toEqual([['new', 'kept', id.slice(0, 12)]]);
  });
});

it('check finds what somebody took away on the host, and has it made again', async () => {
  const id = await start();
  expect(await findings()).toEqual([]);
  lab.missing.add('sb-one');
  expect(await findings()).toEqual(['NETWORK_DAMAGED']);
  await findings(true);
  expect(lab.calls.at(-1)).toMatch(/^restore one/);
  expect(await findings()).toEqual([]);
  lab.missing.add('sb-one');
  // As after a boot: the first container that needs it makes it again.
  fixture.services.database.run(
    "UPDATE settings SET value = 'another boot' WHERE name LIKE 'network.boot.%'",
  );
  expect(await findings()).toEqual([]);
  lab.missing.clear();
  await fixture.api.remove(id, { force: true });
});

it('check finds leases and namespaces of nobody, and gives them back', async () => {
  lab.held.set('stray', []);
  const stray = sandboxPath(fixture.services, 'f'.repeat(64));
  await fixture.host.namespaces.createNetwork(stray);
  expect((await findings()).sort()).toEqual(['ENDPOINT_LEFT', 'SANDBOX_LEFT']);
  await findings(true);
  expect(await findings()).toEqual([]);
  expect(existsSync(stray)).toBe(false);
});
