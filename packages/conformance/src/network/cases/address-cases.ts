import assert from 'node:assert/strict';
import type { Attachment } from '@strata/core';
import { expectError } from '../../runner/expect-error.ts';
import type { NetworkCase } from '../network-cases.ts';
import type { Call } from '../network-context.ts';
import { needsNetworks } from './exclusions.ts';

const PROCESSES = 6;
const EACH = 8;

export const addressCases: readonly NetworkCase[] = [
  {
    name: 'strata/addresses-are-unique-under-parallel-planning',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network({ ipv6: true });
      const sandbox = await context.sandbox();
      const ports = [{ hostIp: '', hostPort: 0, containerPort: 80, protocol: 'tcp' as const }];
      const processes: Call[][] = [];
      for (let p = 0; p < PROCESSES; p++) {
        const calls: Call[] = [];
        for (let n = 0; n < EACH; n++)
          calls.push({ method: 'plan', argument: await context.endpoint(network, { sandbox, ports }) });
        processes.push(calls);
      }
      const results = (await context.elsewhere(...processes)).flat();
      const planned = results.map(({ value }) => value as Attachment);
      for (const attachment of planned.filter((one) => one !== undefined)) context.detachAtEnd(attachment);
      assert.deepEqual(
        results.flatMap(({ error }) => error ?? []),
        [],
        'every plan succeeds',
      );
      const addresses = planned.flatMap((attachment) => attachment.addresses);
      assert.equal(new Set(addresses).size, PROCESSES * EACH * 2, 'no address is leased twice');
      assert.equal(new Set(planned.map(({ macAddress }) => macAddress)).size, PROCESSES * EACH);
      assert.equal(
        new Set(planned.map((one) => one.ports[0]?.hostPort)).size,
        PROCESSES * EACH,
        'nor a port',
      );
      assert.equal((await context.driver.list()).length, PROCESSES * EACH, 'and all are known');
    },
  },
  {
    name: 'strata/address-and-mac-as-asked-for',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network({ subnets: ['10.99.0.0/24'] });
      const wish = { ip: '10.99.0.77', macAddress: '02:00:00:aa:bb:cc' };
      const { attachment, sandbox } = await context.join(network, wish);
      assert.deepEqual(attachment.addresses, ['10.99.0.77/24']);
      assert.match(await context.ip(sandbox, 'address'), /02:00:00:aa:bb:cc[\s\S]*10\.99\.0\.77\/24/);
      const again = async (changes: object) => context.driver.plan(await context.endpoint(network, changes));
      await expectError('already-exists', 'a leased address', () => again({ ip: '10.99.0.77' }));
      await expectError('already-exists', 'a MAC in use', () => again({ macAddress: wish.macAddress }));
      await expectError('invalid-argument', 'an address outside', () => again({ ip: '10.98.0.1' }));
      await expectError('invalid-argument', 'the gateway', () => again({ ip: network.gateway! }));
      await expectError('invalid-argument', 'the broadcast address', () => again({ ip: '10.99.0.255' }));
      await expectError('invalid-argument', 'a multicast MAC', () =>
        again({ macAddress: '01:00:5e:00:00:01' }),
      );
      assert.deepEqual(await context.driver.list(), [attachment.endpointId], 'refusals lease nothing');
    },
  },
  {
    name: 'strata/address-of-each-family-as-asked-for',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network({ subnets: ['10.99.0.0/24', 'fd99::/64'], ipv6: true });
      const wish = { ip: '10.99.0.77', ip6: 'fd99::77' };
      const { attachment, sandbox } = await context.join(network, wish);
      assert.deepEqual(attachment.addresses, ['10.99.0.77/24', 'fd99::77/64']);
      assert.match(await context.ip(sandbox, 'address'), /10\.99\.0\.77\/24[\s\S]*fd99::77\/64/);
      const gateways = [attachment.gateway, attachment.gateway6];
      const routes = await context.ip(sandbox, '-6', 'route');
      assert.equal(gateways[0], network.gateway);
      assert.match(routes, new RegExp(`^default via ${gateways[1]} dev eth0`, 'm'));
      const again = async (changes: object) => context.driver.plan(await context.endpoint(network, changes));
      await expectError('already-exists', 'one of them is leased', () =>
        again({ ...wish, ip: '10.99.0.78' }),
      );
      await expectError('invalid-argument', 'two of one family', () =>
        again({ ip: 'fd99::78', ip6: 'fd99::79' }),
      );
      await expectError('invalid-argument', 'an address outside', () => again({ ...wish, ip6: 'fd98::1' }));
      assert.deepEqual(await context.driver.list(), [attachment.endpointId], 'refusals lease nothing');
    },
  },
  {
    name: 'strata/addresses-run-out-and-come-back',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network({ subnets: ['10.99.0.0/29'] });
      const sandbox = await context.sandbox();
      const plan = async () => context.plan(await context.endpoint(network, { sandbox }));
      const planned = [await plan(), await plan(), await plan(), await plan(), await plan()];
      const error = await expectError('resource-exhausted', 'a sixth address', plan);
      assert.ok(error.hint !== undefined);
      await context.driver.detach(planned[2]!);
      assert.deepEqual((await plan()).addresses, planned[2]!.addresses, 'the freed one is given out');
    },
  },
  {
    name: 'strata/ip-range-limits-automatic-addresses',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network({ subnets: ['10.99.0.0/24'], ipRange: '10.99.0.128/30' });
      const sandbox = await context.sandbox();
      const found: string[] = [];
      for (let n = 0; n < 4; n++)
        found.push(...(await context.plan(await context.endpoint(network, { sandbox }))).addresses);
      assert.deepEqual(
        found.sort(),
        [128, 129, 130, 131].map((n) => `10.99.0.${n}/24`),
      );
      await expectError('resource-exhausted', 'a fifth one', async () =>
        context.driver.plan(await context.endpoint(network, { sandbox })),
      );
    },
  },
];
