/**
 * Names of containers, answered by aardvark-dns on the gateway's port 53: one daemon for all networks of a store, one
 * file per network (aardvark-dns, src/config/mod.rs), written anew from the leases whenever they change.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Attachment, DriverContext, Host } from '@strata/core';
import { formatAddress, parseAddress } from './cidr.ts';
import type { BridgeState } from './lease.ts';
import type { LeaseStore } from './lease-store.ts';
import { checkedId } from './names.ts';

/** Not on PATH: distributions keep it as a helper of Podman. */
const PROGRAMS = ['/usr/lib/podman/aardvark-dns', '/usr/libexec/podman/aardvark-dns', 'aardvark-dns'];
/** Names the engine lets through; no space or comma of a user can get into the file's columns. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/;
const PID_FILE = 'aardvark.pid';
const SIGHUP = 1;

export class NameService {
  readonly #host: Host;
  readonly #store: LeaseStore;
  readonly #run: string;
  readonly #directory: string;

  constructor(store: LeaseStore, { host, runDirectory }: Pick<DriverContext, 'host' | 'runDirectory'>) {
    this.#host = host;
    this.#store = store;
    this.#run = runDirectory;
    this.#directory = `${runDirectory}/dns`;
  }

  async isAvailable(): Promise<boolean> {
    return (await this.#program()) !== undefined;
  }

  /** Make the answers for these networks match the leases. */
  async refresh(networkIds: readonly string[]): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await using _lock = await this.#host.locks.acquire(`${this.#run}/dns.lock`);
    for (const id of networkIds) await this.#write(checkedId(id, 'network'));
    await this.#reload();
  }

  /** After the network has gone from the store. */
  async forget(id: string): Promise<void> {
    if (existsSync(`${this.#directory}/${id}`)) await this.refresh([id]);
  }

  async #write(id: string): Promise<void> {
    const path = `${this.#directory}/${id}`;
    const network = this.#store.network(id);
    const lines = this.#store.attachmentsOf(id).flatMap((attachment) => entry(attachment) ?? []);
    if (network === undefined || lines.length === 0) return rm(path, { force: true });
    const gateways = network.segments.map(({ gateway }) => formatAddress(gateway)).join(',');
    // Written outside the directory: whatever lies in there is read as a network.
    const temporary = `${this.#run}/dns-${id}`;
    await writeFile(temporary, `${gateways}\n${lines.join('\n')}\n`, { mode: 0o600 });
    await rename(temporary, path);
  }

  /** The daemon ends by itself when no network is left. */
  async #reload(): Promise<void> {
    const daemon = await this.#daemon();
    if (daemon !== undefined && this.#host.processes.kill(daemon, SIGHUP)) return;
    const program = await this.#program();
    const files = await readdir(this.#directory);
    if (program === undefined || files.every((name) => name === PID_FILE)) return;
    const child = await this.#host.exec.spawn(program, ['--config', this.#directory, '--port', '53', 'run'], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    await child.exited;
  }

  /** By its command line too: the pid in the file may belong to another program by now. */
  async #daemon() {
    const pid = Number(await readFile(`${this.#directory}/${PID_FILE}`, 'utf8').catch(() => ''));
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    const identity = this.#host.processes.identify(pid);
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.includes(`\0${this.#directory}\0`) ? identity : undefined;
  }

  async #program(): Promise<string | undefined> {
    for (const name of PROGRAMS) {
      const path = await this.#host.exec.find(name);
      if (path !== undefined) return path;
    }
    return undefined;
  }
}

/** `id ipv4 ipv6 names[ nameservers]`, single spaces, addresses possibly empty. */
function entry({ containerId, addresses, state }: Attachment): string | undefined {
  const { names: called = [], resolvers = [] } = state as BridgeState;
  const names = called.filter((name) => NAME.test(name));
  if (names.length === 0 || !NAME.test(containerId)) return undefined;
  const plain = addresses.map((address) => address.split('/')[0]!);
  const ipv4 = plain.filter((address) => !address.includes(':')).join(',');
  const ipv6 = plain.filter((address) => address.includes(':')).join(',');
  const servers = resolvers.flatMap((text) => parseAddress(text) ?? []).map(formatAddress);
  const own = servers.length > 0 ? ` ${servers.join(',')}` : '';
  return `${containerId} ${ipv4} ${ipv6} ${names.join(',')}${own}`;
}
