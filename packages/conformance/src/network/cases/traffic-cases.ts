import assert from 'node:assert/strict';
import type { NetworkCase } from '../network-cases.ts';
import { needsConnections, needsInterface, needsNetworks } from './exclusions.ts';

export const trafficCases: readonly NetworkCase[] = [
  {
    name: 'strata/containers-of-a-network-reach-each-other',
    excludedBy: needsInterface,
    async run(context) {
      const network = await context.network({ ipv6: true });
      const [server, client] = [await context.join(network), await context.join(network)];
      for (const [index, address] of server.addresses.entries()) {
        await context.serve(server.sandbox, 'tcp', address, 80);
        assert.equal(await context.ask(client.sandbox, 'tcp', address, 80), client.addresses[index]);
      }
      await context.serve(server.sandbox, 'udp', server.addresses[0]!, 53);
      assert.equal(await context.ask(client.sandbox, 'udp', server.addresses[0]!, 53), client.addresses[0]);
    },
  },
  {
    name: 'strata/networks-are-isolated',
    excludedBy: needsNetworks,
    async run(context) {
      const [one, other] = [await context.network({ ipv6: true }), await context.network({ ipv6: true })];
      const [server, client] = [await context.join(one), await context.join(other)];
      for (const address of server.addresses) {
        await context.serve(server.sandbox, 'tcp', address, 80);
        assert.equal(
          await context.ask(client.sandbox, 'tcp', address, 80),
          undefined,
          'from another network',
        );
        assert.ok(await context.ask(server.sandbox, 'tcp', address, 80), 'the server is there');
      }
    },
  },
  {
    name: 'strata/out-by-nat-not-in',
    excludedBy: needsNetworks,
    async run(context) {
      const lan = await context.neighbour();
      const { sandbox, addresses } = await context.join(await context.network());
      await context.serve(lan.sandbox, 'tcp', lan.address, 8000);
      await context.serve(lan.sandbox, 'udp', lan.address, 8000);
      assert.equal(
        await context.ask(sandbox, 'tcp', lan.address, 8000),
        lan.hostAddress,
        'the host speaks for it',
      );
      assert.equal(await context.ask(sandbox, 'udp', lan.address, 8000), lan.hostAddress);
      await context.serve(sandbox, 'tcp', addresses[0]!, 80);
      assert.equal(
        await context.ask(lan.sandbox, 'tcp', addresses[0]!, 80),
        undefined,
        'nobody comes in unasked',
      );
      assert.ok(await context.ask(undefined, 'tcp', addresses[0]!, 80), 'but the host itself');
    },
  },
  {
    name: 'strata/container-reaches-the-host',
    excludedBy: needsConnections,
    async run(context) {
      const lan = await context.neighbour();
      const { sandbox } = await context.join(await context.network());
      await context.serve(undefined, 'tcp', lan.hostAddress, 8000);
      assert.ok(await context.ask(sandbox, 'tcp', lan.hostAddress, 8000));
    },
  },
  {
    name: 'strata/internal-network-stays-inside',
    excludedBy: needsNetworks,
    async run(context) {
      const lan = await context.neighbour();
      const network = await context.network({ internal: true });
      const [one, other] = [await context.join(network), await context.join(network)];
      await context.serve(lan.sandbox, 'tcp', lan.address, 8000);
      await context.serve(one.sandbox, 'tcp', one.addresses[0]!, 80);
      assert.equal(await context.ask(other.sandbox, 'tcp', one.addresses[0]!, 80), other.addresses[0]);
      assert.equal(await context.ask(one.sandbox, 'tcp', lan.address, 8000), undefined, 'no way out');
      await context.ip(one.sandbox, 'route', 'add', 'default', 'via', network.gateway!);
      assert.equal(await context.ask(one.sandbox, 'tcp', lan.address, 8000), undefined, 'not even by force');
      assert.equal(await context.ask(lan.sandbox, 'tcp', one.addresses[0]!, 80), undefined, 'nor in');
    },
  },
  {
    name: 'strata/two-networks-in-one-container',
    excludedBy: needsNetworks,
    async run(context) {
      const [one, other] = [await context.network(), await context.network()];
      const [first, peer] = [await context.join(one), await context.join(other)];
      const second = await context.join(other, { sandbox: first.sandbox, interfaceName: 'eth1' });
      await context.serve(peer.sandbox, 'tcp', peer.addresses[0]!, 80);
      assert.equal(await context.ask(first.sandbox, 'tcp', peer.addresses[0]!, 80), second.addresses[0]);
      await context.driver.detach(second.attachment);
      assert.equal(await context.ask(first.sandbox, 'tcp', peer.addresses[0]!, 80), undefined);
      assert.match(await context.ip(first.sandbox, 'route'), /^default via \S+ dev eth0/m);
    },
  },
];
