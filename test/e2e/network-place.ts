import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createLoopFilesystem, invoke, StrataHome } from '@strata/test-fixtures';
import { gib, loadBusybox } from './setup.ts';

/** A machine of its own for a test: a store with busybox and the bridge as default, in private namespaces. */
export interface NetworkPlace extends AsyncDisposable {
  readonly home: StrataHome;
  /** The machine's address on the cable to the outside. */
  readonly address: string;
  /** Another machine's. */
  readonly outside: string;
  /** Run a program on this machine; stdout without the last newline, also when it fails. */
  on(...command: string[]): Promise<string>;
  /** On the other one. */
  outsideOn(...command: string[]): Promise<string>;
  /** Start a server on either; it answers with the address it sees its caller under. */
  serve(where: 'host' | 'outside', address: string, port: number): Promise<void>;
  /** All that networking leaves on a machine. */
  picture(): Promise<string>;
}

const address = '198.18.7.1';
const outside = '198.18.7.2';

const answer = `require('node:net').createServer((peer) => { peer.on('error', () => {}); peer.end(peer.remoteAddress + '\\n'); })
  .listen({ host: process.argv[1], port: Number(process.argv[2]) }, () => console.log('ready'));
process.stdin.resume().on('end', () => process.exit(0));`;

/** A process that only holds its namespaces. */
async function holder(...flags: string[]) {
  const child = spawn('unshare', [...flags, '--', 'sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

export async function networkPlace(): Promise<NetworkPlace> {
  const filesystem = await createLoopFilesystem({ type: 'ext4', size: 2 * gib });
  const machine = await holder('--net', '--mount', '--propagation', 'private');
  const other = await holder('--net');
  const prefix = ['nsenter', `--target=${machine.pid}`, '--net', '--mount', '--'];
  const otherPrefix = ['nsenter', `--target=${other.pid}`, '--net', '--'];
  const home = new StrataHome(filesystem.directory, { network: 'bridge', prefix });
  const servers: ReturnType<typeof spawn>[] = [];
  const output = async (before: readonly string[], command: string[]) => {
    const [program = '', ...args] = command;
    return (await invoke(program, args, { prefix: before })).stdout.replace(/\n$/, '');
  };
  const on = (...command: string[]) => output(prefix, command);
  const outsideOn = (...command: string[]) => output(otherPrefix, command);
  const batch = (before: readonly string[], input: string) =>
    invoke('ip', ['-batch', '-'], { prefix: before, input });
  await batch(
    prefix,
    `link set lo up\nlink add lan0 type veth peer name lan0 netns ${other.pid}
address add ${address}/24 dev lan0\nlink set lan0 up\n`,
  );
  await batch(otherPrefix, `link set lo up\naddress add ${outside}/24 dev lan0\nlink set lan0 up\n`);
  await loadBusybox(home);
  return {
    home,
    address,
    outside,
    on,
    outsideOn,
    async serve(where, host, port) {
      const [program = '', ...args] = where === 'host' ? prefix : otherPrefix;
      const child = spawn(program, [...args, process.execPath, '-e', answer, host, String(port)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      servers.push(child);
      await once(child.stdout, 'data');
    },
    async picture() {
      const links = await on('ip', '-brief', 'link');
      const names = links.split('\n').map((line) => line.split(/[\s@]/)[0]);
      const rules = await on('nft', 'list', 'ruleset');
      const namespaces = await on('ls', join(home.run, 'netns'));
      const neighbours = await on('ip', 'neighbour', 'show', 'nud', 'permanent');
      return JSON.stringify(
        { names: names.sort(), rules, namespaces, neighbours: neighbours.split('\n').sort() },
        null,
        1,
      );
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.stdin?.end();
      await home.strata(['rm', '-f', ...(await home.ok('ps', '-aq')).split('\n')]);
      await home.strata(['network', 'prune', '-f']);
      await home[Symbol.asyncDispose]();
      for (const child of [machine, other]) {
        child.stdin.end();
        await once(child, 'exit');
      }
      await filesystem.dispose();
    },
  };
}
