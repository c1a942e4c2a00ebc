import assert from 'node:assert/strict';
import type { NetworkCase, NetworkContext } from '@strata/conformance/network';
import { type Attachment, type Exec, StrataError } from '@strata/core';

const PROCESSES = 50;
const port = { hostIp: '0.0.0.0', hostPort: 0, containerPort: 80, protocol: 'tcp' as const };

export const faultCases: NetworkCase[] = [
  {
    name: 'bridge/every-command-of-attach-may-fail',
    async run(context) {
      const network = await context.network();
      for (const program of ['ip', 'nsenter', 'nft'])
        for (const when of ['before', 'after'] as const) {
          const driver = await context.newDriver({ exec: failing(context.host.exec, { program, when }) });
          const empty = await state(context);
          const planned = await context.plan(await context.endpoint(network, { ports: [port] }), driver);
          await assert.rejects(driver.attach(planned), /injected/, `${program} fails ${when}`);
          assert.equal(await state(context), empty, `nothing is left when ${program} fails ${when} its work`);
          await context.driver.attach(planned);
          await context.driver.detach(planned);
          assert.equal(await state(context), empty, 'and the next try works');
        }
    },
  },
  {
    name: 'bridge/failing-detach-keeps-the-lease',
    async run(context) {
      const network = await context.network();
      const { attachment } = await context.join(network, { ports: [port] });
      const driver = await context.newDriver({
        exec: failing(context.host.exec, { program: 'nft', when: 'before' }),
      });
      await assert.rejects(driver.detach(attachment), /injected/);
      assert.deepEqual(await driver.list(), [attachment.endpointId]);
      await driver.detach(attachment);
      assert.deepEqual(await driver.list(), []);
    },
  },
  {
    name: 'bridge/failed-network-leaves-nothing',
    async run(context) {
      const empty = await state(context);
      for (const program of ['ip', 'nft']) {
        const driver = await context.newDriver({
          exec: failing(context.host.exec, { program, when: 'before' }),
        });
        await assert.rejects(driver.createNetwork(context.spec()), /injected/, program);
        assert.equal(await state(context), empty, program);
      }
    },
  },
  {
    name: `bridge/${PROCESSES}-processes-some-killed`,
    async run(context) {
      const network = await context.network();
      const sandbox = await context.sandbox();
      const calls = await Promise.all(
        Array.from({ length: PROCESSES }, async () => [
          { method: 'plan' as const, argument: await context.endpoint(network, { sandbox, ports: [port] }) },
          { method: 'plan' as const, argument: await context.endpoint(network, { sandbox, ports: [port] }) },
        ]),
      );
      const results = await context.elsewhereKilling(calls, (index) => index % 3 === 0);
      const planned = results.flat().flatMap(({ value }) => (value as Attachment | undefined) ?? []);
      const listed = await context.driver.list();
      for (const { endpointId } of planned) assert.ok(listed.includes(endpointId), 'a lease once seen stays');
      const all = await Promise.all(calls.flat().map(({ argument }) => context.driver.plan(argument)));
      assert.equal(new Set(all.flatMap(({ addresses }) => addresses)).size, PROCESSES * 2);
      assert.equal(new Set(all.map(({ ports }) => ports[0]!.hostPort)).size, PROCESSES * 2);
      for (const attachment of planned)
        assert.deepEqual(
          all.find(({ endpointId }) => endpointId === attachment.endpointId),
          attachment,
        );
      await Promise.all(all.map((attachment) => context.driver.detach(attachment)));
    },
  },
];

/** Fails one call of a program, before it ran or after it did its work. */
function failing(exec: Exec, { program, when }: { program: string; when: 'before' | 'after' }): Exec {
  let left = 1;
  const run: Exec['run'] = async (name, args, options) => {
    const fails = name === program && left-- > 0;
    const result = fails && when === 'before' ? undefined : await exec.run(name, args, options);
    if (fails || result === undefined) throw new StrataError('internal', 'INJECTED', 'injected failure');
    return result;
  };
  return { ...exec, run };
}

async function state({ host: { exec } }: NetworkContext): Promise<string> {
  const parts = [exec.run('ip', ['-br', 'link']), exec.run('nft', ['-s', 'list', 'ruleset'])];
  const [links, rules] = await Promise.all(parts);
  return `${links!.stdout.replace(/(UP|DOWN|UNKNOWN).*/g, '')}${rules!.stdout}`;
}
