import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { PublishedPort } from '@strata/core';
import { expectError } from '../../runner/expect-error.ts';
import { HostPicture } from '../host-picture.ts';
import type { NetworkCase } from '../network-cases.ts';
import { needsNetworks, needsOwnNetwork, needsPorts, withoutPorts } from './exclusions.ts';

const port = (changes: Partial<PublishedPort> = {}): PublishedPort => ({
  ...{ hostIp: '0.0.0.0', hostPort: 18_080, containerPort: 80, protocol: 'tcp' },
  ...changes,
});

export const portCases: readonly NetworkCase[] = [
  {
    name: 'strata/published-port-is-reached-from-everywhere',
    excludedBy: needsPorts,
    async run(context) {
      const lan = await context.neighbour();
      const network = await context.network();
      const ports = [port(), port({ protocol: 'udp' })];
      const server = await context.join(network, { ports });
      const client = await context.join(network);
      const stranger = await context.join(await context.network());
      for (const protocol of ['tcp', 'udp'] as const) {
        const ask = (sandbox: string | undefined, address: string) =>
          context.ask(sandbox, protocol, address, 18_080);
        await context.serve(server.sandbox, protocol, '0.0.0.0', 80);
        assert.ok(await ask(undefined, '127.0.0.1'), `${protocol} from the host's loopback`);
        assert.ok(await ask(undefined, lan.hostAddress), `${protocol} from the host by its own address`);
        assert.equal(
          await ask(lan.sandbox, lan.hostAddress),
          lan.address,
          `${protocol} from outside, source kept`,
        );
        assert.ok(
          await ask(client.sandbox, lan.hostAddress),
          `${protocol} from a neighbour by the host's address`,
        );
        assert.ok(
          await ask(client.sandbox, network.gateway ?? client.attachment.gateway!),
          `${protocol} from a neighbour by the gateway`,
        );
        assert.ok(await ask(server.sandbox, lan.hostAddress), `${protocol} from itself`);
        assert.ok(await ask(stranger.sandbox, lan.hostAddress), `${protocol} from another network`);
      }
      await context.driver.detach(server.attachment);
      assert.equal(
        await context.ask(lan.sandbox, 'tcp', lan.hostAddress, 18_080),
        undefined,
        'closed by detach',
      );
    },
  },
  {
    name: 'strata/loopback-port-stays-on-the-host',
    excludedBy: needsPorts,
    async run(context) {
      const lan = await context.neighbour();
      const server = await context.join(await context.network(), { ports: [port({ hostIp: '127.0.0.1' })] });
      await context.serve(server.sandbox, 'tcp', '0.0.0.0', 80);
      assert.ok(await context.ask(undefined, 'tcp', '127.0.0.1', 18_080));
      assert.equal(await context.ask(lan.sandbox, 'tcp', lan.hostAddress, 18_080), undefined);
    },
  },
  {
    name: 'strata/port-on-one-address-only',
    excludedBy: needsPorts,
    async run(context) {
      const [here, there] = [await context.neighbour(), await context.neighbour()];
      const server = await context.join(await context.network(), {
        ports: [port({ hostIp: here.hostAddress })],
      });
      await context.serve(server.sandbox, 'tcp', '0.0.0.0', 80);
      assert.equal(await context.ask(here.sandbox, 'tcp', here.hostAddress, 18_080), here.address);
      assert.equal(await context.ask(there.sandbox, 'tcp', there.hostAddress, 18_080), undefined);
    },
  },
  {
    name: 'strata/ipv6-port',
    excludedBy: needsOwnNetwork,
    async run(context) {
      const network = await context.network({ ipv6: true });
      const server = await context.join(network, { ports: [port({ hostIp: '::' })] });
      const client = await context.join(network);
      await context.serve(server.sandbox, 'tcp', server.addresses[1]!, 80);
      const gateway = JSON.parse(await context.ip(client.sandbox, '-j', '-6', 'route', 'show', 'default'))[0]
        .gateway;
      assert.ok(await context.ask(client.sandbox, 'tcp', gateway, 18_080));
      assert.ok(await context.ask(undefined, 'tcp', gateway, 18_080));
    },
  },
  {
    name: 'strata/ephemeral-ports-are-free-and-distinct',
    excludedBy: needsPorts,
    async run(context) {
      const network = await context.network();
      const sandbox = await context.sandbox();
      const ports = [port({ hostPort: 0 }), port({ hostPort: 0, protocol: 'udp' }), port({ hostPort: 0 })];
      const plans = await Promise.all(
        Array.from({ length: 8 }, async () =>
          context.plan(await context.endpoint(network, { sandbox, ports })),
        ),
      );
      const found = plans.flatMap((plan) =>
        plan.ports.map(({ protocol, hostPort }) => `${protocol} ${hostPort}`),
      );
      assert.ok(plans.every((plan) => plan.ports.every(({ hostPort }) => hostPort > 1023)));
      assert.equal(new Set(found).size, 24);
    },
  },
  {
    name: 'strata/busy-port-is-refused-before-anything-starts',
    excludedBy: needsPorts,
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const plan = async (...ports: PublishedPort[]) =>
        context.plan(await context.endpoint(network, { ports }));
      const busy = createServer();
      await new Promise<void>((resolve) => busy.listen(18_080, '0.0.0.0', resolve));
      try {
        const error = await expectError('already-exists', 'a port another program has', () => plan(port()));
        assert.equal(error.code, 'PORT_IN_USE');
        assert.match(error.message, /18080\/tcp/);
      } finally {
        await new Promise((resolve) => busy.close(resolve));
      }
      const holder = await plan(port());
      for (const hostIp of ['0.0.0.0', '127.0.0.1'])
        await expectError('already-exists', `a port another container has, on ${hostIp}`, () =>
          plan(port({ hostIp })),
        );
      await expectError('already-exists', 'the same port twice in one', () =>
        plan(port({ hostPort: 18_081 }), port({ hostPort: 18_081, containerPort: 81 })),
      );
      await plan(port({ protocol: 'udp' }));
      assert.equal((await context.driver.list()).length, 2, 'refusals lease nothing');
      await context.driver.detach(holder);
      await plan(port({ hostIp: '127.0.0.1' }));
      before.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/bad-ports-are-refused',
    excludedBy: needsNetworks,
    async run(context) {
      const network = await context.network();
      const bad = [
        port({ hostPort: 70_000 }),
        port({ containerPort: 0 }),
        port({ hostIp: '203.0.113.9' }),
        port({ hostIp: '0.0.0.0; flush ruleset' }),
        port({ hostIp: '::' }),
        port({ protocol: 'icmp' as 'tcp' }),
      ];
      for (const one of bad)
        await expectError('invalid-argument', JSON.stringify(one), async () =>
          context.driver.plan(await context.endpoint(network, { ports: [one] })),
        );
      assert.deepEqual(await context.driver.list(), []);
    },
  },
  {
    name: 'strata/driver-without-ports-refuses-them',
    excludedBy: withoutPorts,
    async run(context) {
      const network = await context.network();
      await expectError('unsupported', 'publishing a port', async () =>
        context.driver.plan(await context.endpoint(network, { ports: [port()] })),
      );
    },
  },
];
