import { mkdtempSync, rmSync } from 'node:fs';
import type { Endpoint } from '@strata/core';
import { createHost } from '@strata/host';
import { afterAll, expect, it } from 'vitest';
import definition from '../src/index.ts';

const base = mkdtempSync('/dev/shm/network-none-test-');
const host = createHost();
const { signal } = new AbortController();
const driver = await definition.create({
  root: base,
  runDirectory: base,
  options: {},
  host,
  log: host.log,
  signal,
});
afterAll(() => rmSync(base, { recursive: true }));

const network = {
  id: 'none',
  name: 'none',
  subnets: [],
  ipv6: false,
  internal: true,
  labels: {},
  options: {},
};
const endpoint: Endpoint = {
  id: 'e1',
  network,
  containerId: 'a'.repeat(64),
  sandbox: undefined,
  interfaceName: 'eth0',
  aliases: [],
  ports: [],
};

it('says what it is', () => {
  expect(driver.capabilities).toMatchObject({ sandbox: true, publish: false, multiple: false });
});

it('attaches to nothing and detaches as often as asked', async () => {
  const attachment = await driver.plan(endpoint);
  expect(JSON.parse(JSON.stringify(attachment))).toMatchObject({
    endpointId: 'e1',
    addresses: [],
    ports: [],
  });
  await driver.attach(attachment);
  await driver.detach(attachment);
  await driver.detach(attachment);
  expect(await driver.list()).toEqual([]);
});

it('refuses ports and more networks', async () => {
  const port = { hostIp: '', hostPort: 80, containerPort: 80, protocol: 'tcp' as const };
  await expect(driver.plan({ ...endpoint, ports: [port] })).rejects.toMatchObject({
    code: 'PUBLISH_UNSUPPORTED',
  });
  await expect(driver.createNetwork(network)).rejects.toMatchObject({ code: 'NETWORK_FIXED' });
  await driver.removeNetwork(network);
});
