import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Attachment, Endpoint, Host, NetworkDriver, NetworkSpec } from '@strata/core';
import { createNetworkDriver, type NetworkSuiteTarget } from './create-network-driver.ts';
import { askScript, elsewhereScript, serveScript } from './scripts.ts';

export interface Joined {
  readonly endpoint: Endpoint;
  readonly attachment: Attachment;
  /** Path of the sandbox; `undefined`: the host. */
  readonly sandbox: string | undefined;
  /** Without prefix; the first one is IPv4. */
  readonly addresses: readonly string[];
}

export interface Call {
  readonly method: 'plan' | 'attach' | 'detach' | 'list';
  readonly argument?: unknown;
}

export interface CallResult {
  readonly value?: unknown;
  /** Code of the error. */
  readonly error?: string;
}

export type Protocol = 'tcp' | 'udp';

/** A machine beside the host: a namespace with a cable to it and a route to everything through it. */
export interface Neighbour {
  readonly sandbox: string;
  readonly address: string;
  /** The host's address on that cable. */
  readonly hostAddress: string;
}

/** No answer within it means that packets are dropped. */
const PATIENCE = 700;
let count = 0;

export class NetworkContext {
  readonly driver: NetworkDriver;
  readonly host: Host;
  readonly root: string;
  readonly #target: NetworkSuiteTarget;
  readonly #directory: string;
  readonly #undo: (() => Promise<unknown>)[] = [];
  #mounted = false;

  constructor(target: NetworkSuiteTarget, made: { directory: string; root: string; driver: NetworkDriver }) {
    this.#target = target;
    this.host = target.host;
    this.driver = made.driver;
    this.root = made.root;
    this.#directory = made.directory;
  }

  /** Undo everything in reverse, going on after failures; the first one counts. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const undo of this.#undo.reverse()) await undo().catch((error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }

  /** Another driver object on the same state, as after a restart; with parts of its host replaced. */
  newDriver(changes: Partial<Host> = {}): Promise<NetworkDriver> {
    return createNetworkDriver({ ...this.#target, host: { ...this.host, ...changes } }, this.root);
  }

  /** A network that is removed at the end; the only one there is where the driver has no others. */
  async network(changes: Partial<NetworkSpec> = {}): Promise<NetworkSpec> {
    const spec = this.spec(changes);
    if (!this.driver.capabilities.multiple) return { ...spec, ...{ id: this.#target.definition.id } };
    this.#undo.push(() => this.driver.removeNetwork(spec));
    return this.driver.createNetwork(spec);
  }

  spec(changes: Partial<NetworkSpec> = {}): NetworkSpec {
    const id = freshId('n');
    const open = { subnets: [], ipv6: false, internal: false, labels: {}, options: {} };
    return { id, name: `net-${id}`, ...open, ...changes };
  }

  /** Not planned yet. Whatever becomes of it is detached at the end. */
  async endpoint(network: NetworkSpec, changes: Partial<Endpoint> = {}): Promise<Endpoint> {
    const sandbox = this.driver.capabilities.sandbox ? await this.sandbox() : undefined;
    const id = freshId('e');
    const plain = { interfaceName: 'eth0', aliases: [], ports: [], containerId: `c${id}` };
    return { id, network, sandbox, ...plain, ...changes };
  }

  async plan(endpoint: Endpoint, driver = this.driver): Promise<Attachment> {
    const attachment = await driver.plan(endpoint);
    this.#undo.push(() => this.driver.detach(attachment));
    return attachment;
  }

  /** Sandbox, plan, attach. */
  async join(network: NetworkSpec, changes: Partial<Endpoint> = {}): Promise<Joined> {
    const endpoint = await this.endpoint(network, changes);
    const planned = await this.plan(endpoint);
    const attachment = (await this.driver.attach(planned)) ?? planned;
    const addresses = attachment.addresses.map((address) => address.split('/')[0]!);
    return { endpoint, attachment, sandbox: endpoint.sandbox, addresses };
  }

  /** A network namespace held by a bind mount, as the engine makes them. */
  async sandbox(): Promise<string> {
    const folder = `${this.#directory}/sandboxes`;
    if (!this.#mounted) {
      await mkdir(folder);
      await this.host.exec.run('mount', ['--bind', folder, folder]);
      await this.host.exec.run('mount', ['--make-private', folder]);
      this.#undo.unshift(() => this.host.exec.run('umount', [folder]));
      this.#mounted = true;
    }
    const path = `${folder}/${freshId('s')}`;
    await writeFile(path, '');
    await this.host.exec.run('unshare', [`--net=${path}`, '--', 'true']);
    this.#undo.splice(1, 0, () => this.destroySandbox(path));
    return path;
  }

  /** Idempotent. */
  async destroySandbox(path: string): Promise<void> {
    await this.host.exec.run('umount', ['-q', '--', path], { okCodes: [0, 1, 32] });
  }

  /** Run ip(8) inside a sandbox, or on the host. */
  async ip(sandbox: string | undefined, ...args: string[]): Promise<string> {
    return (await this.host.exec.run(...within(sandbox, 'ip', args))).stdout;
  }

  /** A server in a sandbox (or on the host) until the end of the case. It answers with the caller's address. */
  async serve(sandbox: string | undefined, protocol: Protocol, address: string, port: number): Promise<void> {
    const args = ['-e', serveScript, protocol, address, String(port)];
    const child = await this.host.exec.spawn(...within(sandbox, process.execPath, args), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#undo.push(async () => {
      (child.pipes.get(0) as Writable).end();
      await child.exited;
    });
    const output = child.pipes.get(1) as Readable;
    const ended = child.exited.then(() => assert.fail(`no server could start on ${address}:${port}`));
    await Promise.race([once(output, 'data'), ended]);
  }

  /** What a server says; `undefined` when none answers in time. */
  async ask(
    sandbox: string | undefined,
    protocol: Protocol,
    address: string,
    port: number,
  ): Promise<string | undefined> {
    const args = ['-e', askScript, protocol, address, String(port), String(PATIENCE)];
    const result = await this.host.exec.run(...within(sandbox, process.execPath, args), { okCodes: [0, 1] });
    return result.exitCode === 0 ? result.stdout.replace(/^::ffff:/, '') : undefined;
  }

  /** Another machine on a cable to the host. */
  async neighbour(): Promise<Neighbour> {
    const sandbox = await this.sandbox();
    const link = freshId('lan');
    const third = ++count % 250;
    const [hostAddress, address] = [`198.18.${third}.1`, `198.18.${third}.2`] as const;
    const host = `link add ${link} type veth peer name lan0 netns ${sandbox}
address add ${hostAddress}/24 dev ${link}
link set ${link} up`;
    const other = `link set lo up
address add ${address}/24 dev lan0
link set lan0 up
route add default via ${hostAddress}`;
    await this.host.exec.run('ip', ['-batch', '-'], { input: host });
    this.#undo.push(() => this.host.exec.run('ip', ['link', 'delete', link]));
    await this.host.exec.run(...within(sandbox, 'ip', ['-batch', '-']), { input: other });
    return { sandbox, address, hostAddress };
  }

  /** Make calls in other processes, all at the same time; each process makes its own in order. */
  elsewhere(...processes: readonly (readonly Call[])[]): Promise<readonly (readonly CallResult[])[]> {
    return this.elsewhereKilling(processes, () => false);
  }

  /** Likewise, but some are killed (SIGKILL) as soon as their first result is there, in the middle of the next call. */
  async elsewhereKilling(
    processes: readonly (readonly Call[])[],
    kills: (index: number) => boolean,
  ): Promise<readonly (readonly CallResult[])[]> {
    const { modules, nodeArguments } = this.#target;
    return Promise.all(
      processes.map(async (calls, index) => {
        const config = JSON.stringify({ ...modules, root: this.root, calls });
        const args = [...nodeArguments, '--input-type=module', '-e', elsewhereScript, config];
        const child = await this.host.exec.spawn(process.execPath, args, {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const results: CallResult[] = [];
        for await (const line of createInterface(child.pipes.get(1) as Readable)) {
          results.push(JSON.parse(line) as CallResult);
          if (kills(index)) process.kill(child.pid, 'SIGKILL');
        }
        await child.exited;
        return results;
      }),
    );
  }

  /** For endpoints that another process planned. */
  detachAtEnd(attachment: Attachment): void {
    this.#undo.push(() => this.driver.detach(attachment));
  }
}

function within(sandbox: string | undefined, program: string, args: readonly string[]): [string, string[]] {
  return sandbox === undefined
    ? [program, [...args]]
    : ['nsenter', [`--net=${sandbox}`, '--', program, ...args]];
}

function freshId(letter: string): string {
  return `${letter}${(process.pid % 46_656).toString(36)}x${(++count).toString(36)}`;
}
