import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { Joined, NetworkCase, NetworkContext } from '@strata/conformance/network';
import type { Log } from '@strata/core';

const resolveScript = `
const [server, name, type] = process.argv.slice(1);
const resolver = new (require('node:dns').promises.Resolver)({ timeout: 500, tries: 2 });
resolver.setServers([server]);
resolver.resolve(name, type).then((found) => process.stdout.write(found.sort().join(' ')), (error) => process.stdout.write(error.code));
`;

/** Answers every question with one address; ends with its input. */
const serverScript = `
const [host, answer] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (query, peer) => {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const header = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...answer.split('.').map(Number)]);
  socket.send(Buffer.concat([header, question, record]), peer.port, peer.address);
});
socket.bind({ address: host, port: 53 }, () => process.stdout.write('ready'));
process.stdin.resume().on('end', () => process.exit(0));
`;

export const nameCases: NetworkCase[] = [
  {
    name: 'bridge/names-follow-starts-and-stops',
    async run(context) {
      const network = await context.network({ ipv6: true });
      const web = await context.join(network, { aliases: ['web', 'shared'] });
      const client = await context.join(network, { aliases: ['client'] });
      assert.deepEqual(client.attachment.nameservers, [network.gateway]);
      const resolve = (name: string, type = 'A') =>
        lookup(context, client.sandbox, [network.gateway!, name, type]);
      assert.equal(await resolve('web'), web.addresses[0]);
      assert.equal(await resolve('web', 'AAAA'), web.addresses[1]);
      const second = await context.join(network, { aliases: ['db', 'shared'] });
      assert.equal(
        await resolve('shared'),
        [web.addresses[0], second.addresses[0]].sort().join(' '),
        'both have it',
      );
      await context.driver.detach(web.attachment);
      assert.equal(await resolve('shared'), second.addresses[0]);
      assert.match(await resolve('web'), /^E/);
      const daemon = Number(readFileSync(`${context.root}/dns/aardvark.pid`, 'utf8'));
      await context.driver.detach(client.attachment);
      await context.driver.detach(second.attachment);
      await gone(daemon);
    },
  },
  {
    name: 'bridge/other-names-are-asked-of-the-servers-of-the-container',
    async run(context) {
      const network = await context.network();
      await using _first = await nameServer(context, '127.0.0.9', '203.0.113.9');
      await using _second = await nameServer(context, '127.0.0.10', '203.0.113.10');
      const join = (name: string, ...nameservers: string[]) =>
        context.join(network, { aliases: [name], nameservers });
      const one = await join('one', '127.0.0.9');
      const other = await join('other', '127.0.0.10', '127.0.0.9');
      const plain = await join('plain');
      const ask = (who: Joined, name: string) => lookup(context, who.sandbox, [network.gateway!, name, 'A']);
      assert.equal(await ask(one, 'www.example.org'), '203.0.113.9');
      assert.equal(await ask(other, 'www.example.org'), '203.0.113.10');
      assert.match(await ask(plain, 'www.example.org'), /^E/);
      assert.equal(await ask(one, 'other'), other.addresses[0], 'names of the network come first');
      assert.deepEqual(
        [one, plain].map(({ attachment }) => attachment.forwards),
        [true, true],
      );
      const zoned = await join('zoned', 'fe80::1%eth0');
      assert.equal(zoned.attachment.forwards, false, 'nobody else can ask a server of the own link');
      assert.equal(await ask(zoned, 'one'), one.addresses[0]);
    },
  },
  {
    name: 'bridge/names-can-be-changed-while-attached',
    async run(context) {
      const network = await context.network();
      const web = await context.join(network, { aliases: ['web'] });
      const resolve = (name: string) => lookup(context, web.sandbox, [network.gateway!, name, 'A']);
      assert.equal(await resolve('web'), web.addresses[0]);
      const renamed = await context.driver.setNames!(web.attachment, ['shop']);
      assert.equal(await resolve('shop'), web.addresses[0]);
      assert.match(await resolve('web'), /^E/);
      await context.driver.restore([network], [renamed]);
      assert.equal(await resolve('shop'), web.addresses[0]);
      await context.driver.detach(renamed);
      assert.deepEqual(await context.driver.setNames!(renamed, ['ghost']), renamed);
      assert.deepEqual(await context.driver.list(), []);
    },
  },
  {
    name: 'bridge/names-stay-inside-their-network',
    async run(context) {
      const [one, other] = [await context.network(), await context.network()];
      const secret = await context.join(one, { aliases: ['secret'] });
      const spy = await context.join(other, { aliases: ['spy'] });
      const ask = (gateway: string) => lookup(context, spy.sandbox, [gateway, 'secret', 'A']);
      assert.notEqual(await ask(other.gateway!), secret.addresses[0]);
      assert.notEqual(await ask(one.gateway!), secret.addresses[0]);
    },
  },
  {
    name: 'bridge/hostile-names-are-not-served',
    async run(context) {
      const network = await context.network();
      const evil = 'a b\n127.0.0.1\nx 1.2.3.4  www.example.org';
      await context.join(network, { aliases: ['fine', evil] });
      const file = readFileSync(`${context.root}/dns/${network.id}`, 'utf8');
      assert.match(file, /^[\d.]+\n\S+ [\d.]+ {2}fine\n$/);
    },
  },
  {
    name: 'bridge/without-a-resolver-says-so',
    async run(context) {
      const lines: string[] = [];
      const log = { ...context.host.log, warn: (line: string) => void lines.push(line) } as Log;
      const find = async (name: string) =>
        name.includes('aardvark') ? undefined : context.host.exec.find(name);
      const driver = await context.newDriver({ exec: { ...context.host.exec, find }, log });
      const planned = await context.plan(
        await context.endpoint(await context.network(), { aliases: ['web'] }),
        driver,
      );
      assert.deepEqual(planned.nameservers, []);
      assert.match(lines.join(), /install aardvark-dns/);
    },
  },
];

async function lookup(context: NetworkContext, sandbox: string | undefined, args: string[]): Promise<string> {
  const command = [`--net=${sandbox}`, '--', process.execPath, '-e', resolveScript, ...args];
  return (await context.host.exec.run('nsenter', command)).stdout;
}

async function nameServer(
  { host }: NetworkContext,
  address: string,
  answer: string,
): Promise<AsyncDisposable> {
  const child = await host.exec.spawn(process.execPath, ['-e', serverScript, address, answer], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.pipes.get(1) as Readable, 'data');
  return {
    async [Symbol.asyncDispose]() {
      (child.pipes.get(0) as Writable).end();
      await child.exited;
    },
  };
}

/** The daemon ends by itself a moment after its last network went. */
async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`process ${pid} stays`);
}
