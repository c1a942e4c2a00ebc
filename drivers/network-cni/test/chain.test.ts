/** The protocol, against a plugin that writes down what it is asked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost } from '@strata/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CniChain, type CniEndpoint } from '../src/cni-chain.ts';
import { PluginRunner } from '../src/cni-plugin.ts';
import { learnedFrom } from '../src/cni-result.ts';
import { parseConflist, readConflist } from '../src/conflist.ts';

let directory: string;
let chain: CniChain;

const plugin = (name: string, body: string) =>
  writeFileSync(
    join(directory, name),
    `#!${process.execPath}
const fs = process.getBuiltinModule('node:fs');
const config = JSON.parse(fs.readFileSync(0, 'utf8'));
const env = process.env;
fs.appendFileSync(${JSON.stringify(join(directory, 'log'))}, JSON.stringify({
  plugin: ${JSON.stringify(name)}, command: env.CNI_COMMAND, netns: env.CNI_NETNS, args: env.CNI_ARGS, config }) + '\\n');
${body}
`,
    { mode: 0o755 },
  );
const calls = () =>
  readFileSync(join(directory, 'log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const result = (n: number) => `console.log(JSON.stringify({ cniVersion: '1.0.0', from: ${n} }))`;

function endpoint(cniVersion: string): CniEndpoint {
  const plugins = [
    { type: 'first', x: 1 },
    { type: 'second', capabilities: { portMappings: true } },
  ];
  return {
    conflist: parseConflist({ name: 'net', cniVersion, plugins }, 'test'),
    containerId: 'c1',
    interfaceName: 'eth0',
    runtimeConfig: { portMappings: [{ hostPort: 1 }], ips: ['10.0.0.1'] },
    arguments: 'IgnoreUnknown=1',
  };
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cni-'));
  chain = new CniChain(new PluginRunner(createHost().exec, [directory]));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a configuration list', () => {
  it('adds in order, hands results on, and tells capabilities only to those that have them', async () => {
    plugin('first', result(1));
    plugin('second', result(2));
    expect(await chain.add(endpoint('1.0.0'), '/ns')).toEqual({ cniVersion: '1.0.0', from: 2 });
    const [first, second] = calls();
    expect(first).toMatchObject({ plugin: 'first', command: 'ADD', netns: '/ns', args: 'IgnoreUnknown=1' });
    expect(first.config).toEqual({ type: 'first', x: 1, name: 'net', cniVersion: '1.0.0' });
    expect(second.config).toEqual({
      type: 'second',
      name: 'net',
      cniVersion: '1.0.0',
      runtimeConfig: { portMappings: [{ hostPort: 1 }] },
      prevResult: { cniVersion: '1.0.0', from: 1 },
    });
  });

  it('deletes all in reverse after a failed add, and says what failed', async () => {
    plugin('first', result(1));
    plugin(
      'second',
      `if (env.CNI_COMMAND === 'ADD') { console.log(JSON.stringify({ code: 7, msg: 'bad', details: 'x' })); process.exit(1); }`,
    );
    await expect(chain.add(endpoint('1.0.0'), '/ns')).rejects.toMatchObject({
      code: 'CNI_PLUGIN_FAILED',
      message: 'The CNI plugin second refused ADD: bad: x',
    });
    expect(calls().map((call) => `${call.command} ${call.plugin}`)).toEqual([
      'ADD first',
      'ADD second',
      'DEL second',
      'DEL first',
    ]);
  });

  it('goes on deleting when one plugin fails, and gives the stored result to all', async () => {
    plugin('first', '');
    plugin('second', 'process.exit(1)');
    await expect(chain.delete(endpoint('1.0.0'), '', { from: 2 })).rejects.toThrow('refused DEL');
    expect(calls().map(({ plugin: name, config, netns }) => [name, config.prevResult, netns])).toEqual([
      ['second', { from: 2 }, ''],
      ['first', { from: 2 }, ''],
    ]);
  });

  it('checks where it can be checked', async () => {
    plugin('first', `process.exit(env.CNI_COMMAND === 'CHECK' ? 1 : 0)`);
    plugin('second', '');
    expect(await chain.check(endpoint('1.0.0'), '/ns', {})).toBe(false);
    expect(await chain.check(endpoint('0.3.1'), '/ns', {})).toBe(true);
  });

  it('collects garbage from CNI 1.1 on', async () => {
    plugin('first', '');
    plugin('second', '');
    await chain.collect(endpoint('1.0.0').conflist, []);
    const { conflist } = endpoint('1.1.0');
    await chain.collect(conflist, [endpoint('1.1.0')]);
    expect(calls().map(({ command, config }) => [command, config['cni.dev/valid-attachments']])).toEqual([
      ['GC', [{ containerID: 'c1', ifname: 'eth0' }]],
      ['GC', [{ containerID: 'c1', ifname: 'eth0' }]],
    ]);
  });

  it('names the plugin that is not installed', async () => {
    await expect(chain.add(endpoint('1.0.0'), '/ns')).rejects.toMatchObject({ code: 'CNI_PLUGIN_MISSING' });
  });

  it('is the first of its directory, and bad ones are refused by name', async () => {
    const options = { conflist: undefined, directory, plugins: [] };
    await expect(readConflist(options)).rejects.toMatchObject({ code: 'CNI_CONFIG_MISSING' });
    writeFileSync(join(directory, '20-b.conflist'), '{');
    await expect(readConflist(options)).rejects.toThrow('20-b.conflist is not JSON');
    writeFileSync(join(directory, '10-a.conf'), '{"name":"a","cniVersion":"0.4.0","type":"bridge"}');
    expect((await readConflist(options)).plugins).toMatchObject([{ type: 'bridge' }]);
    for (const bad of [
      [],
      { name: '../x' },
      { name: 'x', cniVersion: '9' },
      { name: 'x', cniVersion: '1.0.0' },
    ])
      expect(() => parseConflist(bad, 'f')).toThrow(/^f /);
    const outside = { name: 'x', cniVersion: '1.0.0', plugins: [{ type: '../../bin/sh' }] };
    expect(() => parseConflist(outside, 'f')).toThrow('plugin of the type');
  });
});

it('takes from a result only what is well formed', () => {
  const interfaces = [{ name: 'br0' }, { name: 'eth0', mac: '02:AA:00:00:00:01', sandbox: '/ns' }];
  const ips = [
    { address: '10.1.0.2/24', gateway: '10.1.0.1', interface: 1 },
    { address: '10.9.0.2/24', interface: 0 },
    { address: '1.2.3.4\nnameserver x', interface: 1 },
  ];
  const dns = { nameservers: ['9.9.9.9', 'evil\nline'] };
  expect(learnedFrom({ interfaces, ips, dns }, 'eth0')).toEqual({
    addresses: ['10.1.0.2/24'],
    gateway: '10.1.0.1',
    macAddress: '02:aa:00:00:00:01',
    nameservers: ['9.9.9.9'],
  });
  expect(learnedFrom({}, 'eth0').addresses).toEqual([]);
});
