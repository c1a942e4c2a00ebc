import assert from 'node:assert/strict';
import type { Attachment } from '@strata/core';
import { HostPicture } from '../host-picture.ts';
import type { NetworkCase } from '../network-cases.ts';
import { needsInterface, needsSandbox } from './exclusions.ts';

export const lifecycleCases: readonly NetworkCase[] = [
  {
    name: 'strata/plan-is-data-and-idempotent',
    async run(context) {
      const endpoint = await context.endpoint(await context.network());
      const before = await HostPicture.take(context.host);
      const first = await context.plan(endpoint);
      assert.deepEqual(stored(first), withoutUndefined(first), 'an attachment is JSON');
      assert.equal(first.endpointId, endpoint.id);
      assert.equal(first.containerId, endpoint.containerId);
      assert.equal(first.sandbox, endpoint.sandbox);
      before.assertSame(await HostPicture.take(context.host));
      assert.deepEqual(
        stored(await context.driver.plan(endpoint)),
        stored(first),
        'planning again gives the same',
      );
      assert.deepEqual(
        stored(await (await context.newDriver()).plan(endpoint)),
        stored(first),
        'also by another process',
      );
    },
  },
  {
    name: 'strata/attach-gives-what-was-planned',
    excludedBy: needsInterface,
    async run(context) {
      const { attachment, sandbox } = await context.join(await context.network());
      const name = attachment.interfaceName ?? 'eth0';
      const [link] = JSON.parse(await context.ip(sandbox, '-j', 'address', 'show', 'dev', name));
      assert.equal(link.address, attachment.macAddress);
      assert.equal(Number.parseInt(link.address.slice(0, 2), 16) & 3, 2, 'locally administered, unicast');
      assert.ok(link.flags.includes('UP'), `${name} is up`);
      const found = link.addr_info.map(
        (one: { local: string; prefixlen: number }) => `${one.local}/${one.prefixlen}`,
      );
      for (const address of attachment.addresses)
        assert.ok(found.includes(address), `${address} is on ${name}`);
      assert.match(
        await context.ip(sandbox, 'route'),
        new RegExp(`^default via ${attachment.gateway} dev ${name}`, 'm'),
      );
      assert.match(await context.ip(sandbox, 'link', 'show', 'lo'), /\bUP\b/);
    },
  },
  {
    name: 'strata/attach-twice-is-attached-once',
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const { attachment } = await context.join(network);
      const attached = await HostPicture.take(context.host);
      await context.driver.attach(attachment);
      attached.assertSame(await HostPicture.take(context.host));
      await context.driver.detach(attachment);
      before.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/detach-is-idempotent',
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const { attachment } = await context.join(network);
      for (let n = 0; n < 3; n++) {
        await context.driver.detach(attachment);
        before.assertSame(await HostPicture.take(context.host));
        assert.deepEqual(await context.driver.list(), []);
      }
    },
  },
  {
    name: 'strata/detach-after-the-sandbox-is-gone',
    excludedBy: needsSandbox,
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const { attachment, sandbox } = await context.join(network);
      await context.destroySandbox(sandbox!);
      await context.driver.detach(attachment);
      before.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/listed-endpoint-is-undone-by-its-id-alone',
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const { attachment } = await context.join(network);
      for (const endpointId of await context.driver.list())
        await context.driver.detach({
          ...{ endpointId, networkId: attachment.networkId, containerId: '', sandbox: undefined, state: {} },
          ...{ interfaceName: undefined, addresses: [], gateway: undefined, macAddress: undefined },
          ...{ ports: [], nameservers: [] },
        });
      assert.deepEqual(await context.driver.list(), []);
      before.assertSame(await HostPicture.take(context.host));
    },
  },
  {
    name: 'strata/failed-attach-leaves-nothing',
    excludedBy: needsInterface,
    async run(context) {
      const network = await context.network();
      const before = await HostPicture.take(context.host);
      const attachment = await context.plan(await context.endpoint(network));
      await context.destroySandbox(attachment.sandbox!);
      await assert.rejects(context.driver.attach(attachment));
      before.assertSame(await HostPicture.take(context.host));
      assert.deepEqual(await context.driver.list(), [attachment.endpointId], 'the lease stays until detach');
    },
  },
];

/** As it comes back from the engine's database. */
function stored(attachment: Attachment): unknown {
  return JSON.parse(JSON.stringify(attachment));
}

function withoutUndefined(attachment: Attachment): unknown {
  return Object.fromEntries(Object.entries(attachment).filter(([, value]) => value !== undefined));
}
