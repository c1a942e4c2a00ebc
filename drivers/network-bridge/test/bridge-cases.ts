/** What the contract does not say and this driver promises. Runs in a network namespace of its own. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { expectError } from '@strata/conformance';
import type { NetworkCase, NetworkContext } from '@strata/conformance/network';
import type { Attachment, Log } from '@strata/core';
import { faultCases } from './fault-cases.ts';
import { nameCases } from './name-cases.ts';

const port = { hostIp: '0.0.0.0', hostPort: 18_080, containerPort: 80, protocol: 'tcp' as const };

/** Always from the same port, as a long-lived peer does. */
const knockScript = `
const socket = require('node:dgram').createSocket('udp4');
const end = (text) => { process.stdout.write(text); process.exit(0); };
socket.on('message', () => end('answer')).on('error', () => {});
socket.bind(40000, () => socket.send('?', 18080, process.argv[1]));
setTimeout(end, 700, 'none');
`;

const refusedScript = `
const end = (text) => { process.stdout.write(text); process.exit(0); };
require('node:net').connect(Number(process.argv[2]), process.argv[1], () => end('connected')).on('error', ({ code }) => end(code));
setTimeout(end, 3000, 'silence');
`;

const cases: NetworkCase[] = [
  closedBy('iptables-nft'),
  closedBy('iptables-legacy'),
  {
    name: 'bridge/says-which-foreign-chain-blocks',
    async run(context) {
      const lines: string[] = [];
      const log = { ...context.host.log, warn: (line: string) => void lines.push(line) } as Log;
      const driver = await context.newDriver({ log });
      await nft(
        context,
        'add table inet other',
        'add chain inet other fw { type filter hook forward priority 10; policy drop; }',
      );
      try {
        const spec = await driver.createNetwork(context.spec());
        await driver.removeNetwork(spec);
      } finally {
        await nft(context, 'delete table inet other');
      }
      assert.match(lines[0] ?? '', /firewall chain inet other fw drops forwarded packets.*sb-\*/);
    },
  },
  {
    name: 'bridge/container-does-not-reach-the-hosts-loopback',
    async run(context) {
      const network = await context.network();
      const { sandbox, attachment } = await context.join(network);
      await context.serve(undefined, 'tcp', '127.0.0.1', 18_099);
      await context.ip(sandbox, 'address', 'delete', '127.0.0.1/8', 'dev', 'lo');
      await context.ip(sandbox, 'route', 'add', '127.0.0.1', 'via', attachment.gateway!);
      const inside = [`--net=${sandbox}`, '--', 'sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1'];
      await context.host.exec.run('nsenter', inside);
      assert.equal(await context.ask(sandbox, 'tcp', '127.0.0.1', 18_099), undefined, 'CVE-2020-8558');
      const { stdout } = await context.host.exec.run('nft', ['list', 'tables']);
      await nft(context, `flush chain ${/inet strata_\w+/.exec(stdout)?.[0]} guard`);
      assert.ok(await context.ask(sandbox, 'tcp', '127.0.0.1', 18_099), 'it is the guard that stops it');
    },
  },
  {
    name: 'bridge/refuses-router-advertisements',
    async run(context) {
      const before = new Set(links());
      await context.join(await context.network({ ipv6: true }));
      const made = links().filter((link) => !before.has(link));
      assert.equal(made.length, 2);
      for (const link of made) assert.equal(sysctl(`ipv6/conf/${link}/accept_ra`), '0', link);
    },
  },
  {
    name: 'bridge/attach-costs-three-processes-and-one-nft',
    async run(context) {
      const programs: string[] = [];
      const { exec } = context.host;
      const run: typeof exec.run = (program, ...rest) => {
        programs.push(program);
        return exec.run(program, ...rest);
      };
      const driver = await context.newDriver({ exec: { ...exec, run } });
      const network = await context.network({ ipv6: true });
      const planned = await context.plan(await context.endpoint(network, { ports: [port] }), driver);
      assert.deepEqual(programs, [], 'planning starts none');
      await driver.attach(planned);
      assert.deepEqual(programs.splice(0).sort(), ['ip', 'nft', 'nsenter']);
      await driver.detach(planned);
      assert.deepEqual(programs.sort(), ['ip', 'nft']);
    },
  },
  {
    name: 'bridge/loopback-of-ipv6-refuses-at-once-what-is-published',
    async run(context) {
      const network = await context.network({ ipv6: true });
      const { sandbox } = await context.join(network, { ports: [port, { ...port, hostIp: '::' }] });
      await context.serve(sandbox, 'tcp', '::', 80);
      assert.ok(await context.ask(undefined, 'tcp', '127.0.0.1', port.hostPort));
      const { stdout } = await context.host.exec.run(process.execPath, ['-e', refusedScript, '::1', '18080']);
      assert.equal(stdout, 'ECONNREFUSED', 'clients of localhost go on to 127.0.0.1');
    },
  },
  {
    name: 'bridge/many-detach-with-few-processes',
    async run(context) {
      let programs = 0;
      const { exec } = context.host;
      const run: typeof exec.run = (program, ...rest) => {
        programs++;
        return exec.run(program, ...rest);
      };
      const driver = await context.newDriver({ exec: { ...exec, run } });
      const network = await context.network();
      const before = links();
      const joined: Awaited<ReturnType<NetworkContext['join']>>[] = [];
      for (let n = 0; n < 8; n++) joined.push(await context.join(network));
      const [stays, ...go] = joined;
      assert.equal(links().length, before.length + 8);
      await Promise.all(go.map(({ attachment }) => driver.detach(attachment)));
      assert.ok(programs <= 3, `${programs} processes`);
      assert.equal(links().length, before.length + 1, 'only those links are gone');
      const { stdout } = await exec.run('ip', ['neighbour', 'show', 'nud', 'permanent']);
      const known = (one: (typeof joined)[0]) =>
        stdout.includes(`${one.attachment.addresses[0]!.split('/')[0]} `);
      assert.deepEqual(go.filter(known), []);
      assert.ok(known(stays!));
    },
  },
  {
    name: 'bridge/is-full-at-1023',
    async run(context) {
      const network = await context.network();
      const sandbox = await context.sandbox();
      const plans: Attachment[] = [];
      for (let n = 0; n < 1023; n++)
        plans.push(await context.driver.plan(await context.endpoint(network, { sandbox })));
      const error = await expectError('resource-exhausted', 'the 1024th', async () =>
        context.driver.plan(await context.endpoint(network, { sandbox })),
      );
      assert.equal(error.code, 'BRIDGE_FULL');
      assert.equal(new Set(plans.flatMap(({ addresses }) => addresses)).size, 1023);
      for (const plan of plans) await context.driver.detach(plan);
    },
  },
  {
    name: 'bridge/no-user-text-in-rules',
    async run(context) {
      const name = 'evil"; flush ruleset; #';
      const network = await context.network({ name, labels: { [name]: name } });
      await context.join(network, { ports: [port], aliases: [name], containerId: name });
      const { stdout } = await context.host.exec.run('nft', ['list', 'ruleset']);
      assert.doesNotMatch(stdout, /evil/);
      assert.match(stdout, /18080/);
    },
  },
  {
    name: 'bridge/mtu',
    async run(context) {
      const { sandbox } = await context.join(await context.network({ options: { mtu: '1280' } }));
      assert.match(await context.ip(sandbox, 'link', 'show', 'eth0'), /mtu 1280/);
    },
  },
  {
    name: 'bridge/udp-peers-follow-the-container',
    excludedBy: () => (existsSync('/usr/sbin/conntrack') ? undefined : 'conntrack is not installed'),
    async run(context) {
      const lan = await context.neighbour();
      const network = await context.network();
      const udp = { ...port, protocol: 'udp' as const };
      const knock = async () => {
        const command = [`--net=${lan.sandbox}`, '--', process.execPath, '-e', knockScript, lan.hostAddress];
        return (await context.host.exec.run('nsenter', command)).stdout;
      };
      assert.equal(await knock(), 'none', 'nobody is there yet, but the kernel remembers the flow');
      const first = await context.join(network, { ports: [udp] });
      await context.serve(first.sandbox, 'udp', '0.0.0.0', 80);
      assert.equal(await knock(), 'answer');
      await context.driver.detach(first.attachment);
      const second = await context.join(network, { ports: [udp] });
      assert.notDeepEqual(second.addresses, first.addresses);
      await context.serve(second.sandbox, 'udp', '0.0.0.0', 80);
      assert.equal(await knock(), 'answer', 'from the new container');
    },
  },
  ...nameCases,
  ...faultCases,
];

export default cases;

/** A firewall that closes FORWARD before and after networks are made, as dockerd does. */
function closedBy(program: string): NetworkCase {
  return {
    name: `bridge/passes-a-closed-FORWARD-of-${program}`,
    async run(context) {
      const iptables = async (...args: string[]) =>
        (await context.host.exec.run(program, ['-w', ...args])).stdout;
      const lan = await context.neighbour();
      await context.serve(lan.sandbox, 'tcp', lan.address, 8000);
      await iptables('-P', 'FORWARD', 'DROP');
      try {
        await iptables('-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT');
        const before = await iptables('-S', 'FORWARD');
        const network = await context.network();
        const open = await iptables('-S', 'FORWARD');
        assert.match(
          open,
          /docker0[\s\S]*-i sb-\S+ -j ACCEPT\n-A FORWARD -o sb-\S+ -j ACCEPT/,
          'behind the others',
        );
        const { sandbox, attachment } = await context.join(network, { ports: [port] });
        await context.serve(sandbox, 'tcp', '0.0.0.0', 80);
        assert.equal(await context.ask(sandbox, 'tcp', lan.address, 8000), lan.hostAddress);
        assert.equal(await context.ask(lan.sandbox, 'tcp', lan.hostAddress, 18_080), lan.address);
        assert.equal(await iptables('-S', 'FORWARD'), open, 'once only');
        await iptables('-F', 'FORWARD');
        assert.equal(await context.ask(sandbox, 'tcp', lan.address, 8000), undefined, 'it was those rules');
        await context.driver.restore([network], [attachment]);
        assert.equal(await context.ask(sandbox, 'tcp', lan.address, 8000), lan.hostAddress);
        await iptables('-I', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT');
        await context.driver.detach(attachment);
        await context.driver.removeNetwork(network);
        assert.equal(await iptables('-S', 'FORWARD'), before, 'and they go with the network');
      } finally {
        await iptables('-F', 'FORWARD');
        await iptables('-P', 'FORWARD', 'ACCEPT');
        if (program === 'iptables-nft') await nft(context, 'delete table ip filter');
      }
    },
  };
}

async function nft(context: NetworkContext, ...lines: string[]): Promise<void> {
  await context.host.exec.run('nft', ['-f', '-'], { input: lines.join('\n') });
}

function sysctl(name: string): string {
  return readFileSync(`/proc/sys/net/${name}`, 'utf8').trim();
}

function links(): string[] {
  return (
    readFileSync('/proc/net/dev', 'utf8')
      .match(/^\s*\S+(?=:)/gm)
      ?.map((name) => name.trim()) ?? []
  );
}
