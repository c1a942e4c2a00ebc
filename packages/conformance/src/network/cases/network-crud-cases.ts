import assert from 'node:assert/strict';
import { expectError } from '../../runner/expect-error.ts';
import { HostPicture } from '../host-picture.ts';
import type { NetworkCase } from '../network-cases.ts';
import { needsNetworks, withoutNetworks } from './exclusions.ts';

export const networkCrudCases: readonly NetworkCase[] = [
  {
    name: 'strata/create-network-fills-in-and-is-idempotent',
    excludedBy: needsNetworks,
    async run(context) {
      const spec = await context.network({ ipv6: true });
      const ipv4 = spec.subnets.filter((subnet) => !subnet.includes(':'));
      assert.deepEqual([ipv4.length, spec.subnets.length], [1, 2], 'one subnet of each family');
      assert.ok(spec.gateway !== undefined);
      const picture = await HostPicture.take(context.host);
      assert.deepEqual(await context.driver.createNetwork(spec), spec);
      picture.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/networks-get-subnets-of-their-own',
    excludedBy: needsNetworks,
    async run(context) {
      const networks = [await context.network(), await context.network(), await context.network()];
      assert.equal(new Set(networks.flatMap(({ subnets }) => subnets)).size, 3);
    },
  },
  {
    name: 'strata/chosen-subnets-avoid-the-hosts-routes',
    excludedBy: needsNetworks,
    async run(context) {
      const first = await context.network();
      await context.driver.removeNetwork(first);
      await context.ip(undefined, 'route', 'add', 'unreachable', first.subnets[0]!);
      try {
        assert.notDeepEqual((await context.network()).subnets, first.subnets);
      } finally {
        await context.ip(undefined, 'route', 'delete', 'unreachable', first.subnets[0]!);
      }
    },
  },
  {
    name: 'strata/overlapping-subnets-are-refused',
    excludedBy: needsNetworks,
    async run(context) {
      const first = await context.network({ subnets: ['10.99.0.0/24'] });
      assert.deepEqual(first.subnets, ['10.99.0.0/24']);
      assert.equal(first.gateway, '10.99.0.1');
      const picture = await HostPicture.take(context.host);
      const overlap = context.spec({ subnets: ['10.99.0.128/25'] });
      await expectError('already-exists', 'a part of another subnet', () =>
        context.driver.createNetwork(overlap),
      );
      picture.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/bad-networks-are-refused-and-leave-nothing',
    excludedBy: needsNetworks,
    async run(context) {
      const picture = await HostPicture.take(context.host);
      const bad = [
        { subnets: ['10.99.0.0/33'] },
        { subnets: ['10.99.0.0/24; flush ruleset'] },
        { subnets: ['127.0.0.0/8'] },
        { subnets: ['10.99.0.0/24'], gateway: '10.98.0.1' },
        { subnets: ['10.99.0.0/24'], ipRange: '10.98.0.0/25' },
        { subnets: ['10.99.0.0/24'], options: { mtu: 'many' } },
        { subnets: ['10.99.0.0/24'], options: { nonsense: '1' } },
        { subnets: ['10.99.0.0/24'], id: 'UPPER space' },
      ];
      for (const changes of bad) {
        const spec = context.spec(changes);
        await expectError('invalid-argument', JSON.stringify(changes), () =>
          context.driver.createNetwork(spec),
        );
      }
      picture.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/network-in-use-stays',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network();
      const { attachment } = await context.join(network);
      const picture = await HostPicture.take(context.host);
      await expectError('failed-precondition', 'removing it', () => context.driver.removeNetwork(network));
      picture.assertSame(await HostPicture.take(context.host));
      await context.driver.detach(attachment);
      await context.driver.removeNetwork(network);
      await context.driver.removeNetwork(network);
      await expectError('not-found', 'joining a removed network', async () =>
        context.driver.plan(await context.endpoint(network)),
      );
    },
  },
  {
    name: 'strata/one-network-driver-refuses-to-make-others',
    excludedBy: withoutNetworks,
    async run(context) {
      await expectError('unsupported', 'making a network', () =>
        context.driver.createNetwork(context.spec()),
      );
    },
  },
];
