import assert from 'node:assert/strict';
import { HostPicture } from '../host-picture.ts';
import type { NetworkCase } from '../network-cases.ts';
import type { Joined, NetworkContext } from '../network-context.ts';
import { needsNetworks, needsOwnNetwork } from './exclusions.ts';

const ports = [{ hostIp: '0.0.0.0', hostPort: 18_080, containerPort: 80, protocol: 'tcp' as const }];

export const recoveryCases: readonly NetworkCase[] = [
  {
    name: 'strata/crash-between-plan-and-attach',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const endpoint = await context.endpoint(network, { ports });
      const [results] = await context.elsewhere([{ method: 'plan', argument: endpoint }]);
      const planned = results![0]!.value as Joined['attachment'];
      assert.deepEqual(await context.driver.list(), [endpoint.id], 'the lease outlives the process');
      const next = await context.driver.plan(endpoint);
      assert.deepEqual(next, planned, 'the next process carries on');
      await context.driver.detach(planned);
      assert.deepEqual(await context.driver.list(), []);
      before.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/undo-by-another-process-from-stored-json',
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const publish = context.driver.capabilities.publish ? { ports } : {};
      const { attachment } = await context.join(network, publish);
      const stored = JSON.parse(JSON.stringify(attachment));
      const [results] = await context.elsewhere([{ method: 'detach', argument: stored }, { method: 'list' }]);
      assert.deepEqual(results, [{ value: null }, { value: [] }]);
      before.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/second-detach-spares-the-next-holder-of-the-port',
    excludedBy: needsOwnNetwork,
    async run(context) {
      const network = await context.network({ subnets: ['10.99.0.0/29'], ipRange: '10.99.0.2/32' });
      const first = await context.join(network, { ports });
      await context.driver.detach(first.attachment);
      const second = await context.join(network, { ports });
      assert.deepEqual(second.addresses, first.addresses);
      await context.serve(second.sandbox, 'tcp', '0.0.0.0', 80);
      await context.driver.detach(first.attachment);
      assert.ok(await context.ask(undefined, 'tcp', '127.0.0.1', 18_080));
    },
  },
  {
    name: 'strata/restore-after-a-firewall-flush',
    excludedBy: needsOwnNetwork,
    async run(context) {
      const empty = await HostPicture.take(context.host);
      const network = await context.network();
      const server = await context.join(network, { ports });
      await context.serve(server.sandbox, 'tcp', '0.0.0.0', 80);
      const full = await HostPicture.take(context.host);
      await flush(context, empty, full);
      assert.equal(await context.ask(undefined, 'tcp', '127.0.0.1', 18_080), undefined);
      await (await context.newDriver()).restore([network], [server.attachment]);
      full.assertSame(await HostPicture.take(context.host));
      assert.ok(await context.ask(undefined, 'tcp', '127.0.0.1', 18_080));
    },
  },
  {
    name: 'strata/restore-after-the-bridge-was-deleted',
    excludedBy: needsOwnNetwork,
    async run(context) {
      const empty = await HostPicture.take(context.host);
      const network = await context.network();
      const made = (await HostPicture.take(context.host)).links.filter((link) => !empty.links.includes(link));
      const [server, client] = [await context.join(network, { ports }), await context.join(network)];
      await context.serve(server.sandbox, 'tcp', '0.0.0.0', 80);
      const full = await HostPicture.take(context.host);
      const faults = () => context.driver.faults?.([network], [server.attachment, client.attachment]);
      assert.deepEqual(await faults(), context.driver.faults && [], 'nothing is missing');
      for (const link of made) await context.ip(undefined, 'link', 'delete', link);
      assert.notDeepEqual(await faults(), [], 'a driver that looks says so');
      await context.driver.restore([network], [server.attachment, client.attachment]);
      assert.deepEqual(await faults(), context.driver.faults && [], 'nothing is missing again');
      full.assertSame(await HostPicture.take(context.host));
      assert.ok(await context.ask(client.sandbox, 'tcp', server.addresses[0]!, 80));
      assert.ok(await context.ask(undefined, 'tcp', '127.0.0.1', 18_080));
    },
  },
  {
    name: 'strata/joining-after-a-flush-heals',
    excludedBy: needsOwnNetwork,
    async run(context) {
      const empty = await HostPicture.take(context.host);
      const network = await context.network();
      const lan = await context.neighbour();
      await context.serve(lan.sandbox, 'tcp', lan.address, 8000);
      await flush(context, empty, await HostPicture.take(context.host));
      const { sandbox } = await context.join(network);
      assert.equal(await context.ask(sandbox, 'tcp', lan.address, 8000), lan.hostAddress);
    },
  },
  {
    name: 'strata/reboot',
    excludedBy: needsOwnNetwork,
    async run(context) {
      const empty = await HostPicture.take(context.host);
      const network = await context.network();
      const { attachment, endpoint, sandbox } = await context.join(network, { ports });
      const full = await HostPicture.take(context.host);
      await flush(context, empty, full);
      await context.destroySandbox(sandbox!);
      for (const link of full.links.filter((name) => !empty.links.includes(name)).sort())
        await context.ip(undefined, 'link', 'delete', link).catch(() => {});
      const driver = await context.newDriver();
      await driver.restore([network], [attachment]);
      assert.deepEqual(await driver.list(), [endpoint.id], 'no lease is lost');
      const fresh = { ...endpoint, sandbox: await context.sandbox() };
      await driver.detach(attachment);
      const again = await context.plan(fresh, driver);
      await driver.attach(again);
      await context.serve(fresh.sandbox, 'tcp', '0.0.0.0', 80);
      assert.ok(await context.ask(undefined, 'tcp', '127.0.0.1', 18_080));
    },
  },
];

/** Delete the tables that the driver made, as `nft flush ruleset` of somebody else does. */
async function flush(context: NetworkContext, empty: HostPicture, full: HostPicture): Promise<void> {
  for (const table of full.tables.filter((name) => !empty.tables.includes(name)))
    await context.host.exec.run('nft', ['delete', 'table', ...table.split(' ')]);
}
