/** The words of ip(8), here and nowhere else. Several changes go in one batch, so one process makes them. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Exec, isStrataError, StrataError } from '@strata/core';
import { deleteLines, LinkRemoval } from './link-removal.ts';

/** A port of a bridge and what is behind it. */
export interface Port {
  readonly link: string;
  readonly bridge: string;
  readonly mac: string;
  readonly addresses: readonly string[];
}

export interface Pair extends Port {
  readonly mtu: number;
  readonly sandbox: string;
  readonly interfaceName: string;
  readonly gateways: readonly string[];
}

/** What is needed to take one away. */
export type LostPort = Omit<Port, 'mac'>;

export interface BridgeLink {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  readonly addresses: readonly string[];
}

export class IpCommand {
  readonly #exec: Exec;
  readonly #removal = new LinkRemoval((ports: readonly LostPort[]) => this.#disconnectAll(ports));

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** Make what is missing of these bridges, and put back the ports and neighbours that they lost. */
  async ensureBridges(bridges: readonly BridgeLink[], ports: readonly Port[]): Promise<void> {
    const make = bridges.filter(({ name }) => !linkExists(name)).flatMap(bridgeLines);
    const again = bridges.flatMap(({ name, addresses }) => [
      ...addresses.map((address) => addressLine('replace', address, name)),
      `link set dev ${name} up`,
    ]);
    const join = ports.flatMap((port) => [
      `link set dev ${port.link} master ${port.bridge} up`,
      `link set dev ${port.link} type bridge_slave hairpin on`,
      ...neighbourLines(port),
    ]);
    await this.#batch([...make, ...again, ...join]);
  }

  async removeBridge(name: string): Promise<void> {
    if (linkExists(name)) await this.#force(name, [`link delete dev ${name}`]);
  }

  /** The host's end and what the host knows of the other. Each may be gone. */
  async disconnect(port: LostPort): Promise<void> {
    if (!linkExists(port.link) && !(await isNeighbour(hostsOf(port)))) return;
    await this.#removal.remove(port);
    if (linkExists(port.link))
      await this.#force(port.link, [...deleteLines([port.link]), ...forgetLines(port)]);
  }

  async #disconnectAll(ports: readonly LostPort[]): Promise<void> {
    const there = ports.map(({ link }) => link).filter(linkExists);
    await this.#run([...deleteLines(there), ...ports.flatMap(forgetLines)]);
  }

  /** Two processes: the host's side, then, from inside, the sandbox's. nsenter becomes ip by exec. */
  async connect(pair: Pair): Promise<void> {
    await this.#batch(hostLines(pair));
    const input = sandboxLines(pair).join('\n');
    await this.#exec.run('nsenter', [`--net=${pair.sandbox}`, '--', 'ip', '-batch', '-'], { input });
  }

  /** Go on after failures; what counts is that the link is gone, by itself or by us. */
  async #force(link: string, lines: readonly string[]): Promise<void> {
    const stderr = await this.#run(lines);
    if (linkExists(link))
      throw new StrataError('internal', 'LINK_STUCK', `The link ${link} stays: ${stderr.trim()}`, {
        hint: `Delete it yourself: ip link delete ${link}`,
      });
  }

  /** Whether or not each of them works. */
  async #run(lines: readonly string[]): Promise<string> {
    const options = { input: lines.join('\n'), okCodes: [0, 1, 2] };
    return (await this.#exec.run('ip', ['-force', '-batch', '-'], options)).stderr;
  }

  async #batch(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#exec.run('ip', ['-batch', '-'], { input: lines.join('\n') });
  }
}

/**
 * A thousand times cheaper than asking ip(8). Not /sys/class/net, which shows the namespace that mounted it; this one
 * shows ours.
 */
export function linkExists(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}

function hostsOf({ addresses }: Pick<Port, 'addresses'>): string[] {
  return addresses.map((address) => address.split('/')[0]!);
}

function forgetLines(port: LostPort): string[] {
  return hostsOf(port).map((host) => `neighbour delete ${host} dev ${port.bridge}`);
}

/** No address of the kernel's own making. A kernel booted without IPv6 does not know the setting. */
function unnumbered(link: string): string[] {
  return existsSync('/proc/sys/net/ipv6') ? [`link set dev ${link} addrgenmode none`] : [];
}

/** Does the host still know one of these, though its link went with the sandbox? The first one is always IPv4. */
async function isNeighbour([first]: readonly string[]): Promise<boolean> {
  const table = await readFile('/proc/net/arp', 'utf8').catch(() => '');
  return table.includes(`\n${first} `);
}

/** The kernel's EXFULL: no port number is left on the bridge. */
export function isExchangeFull(error: unknown): boolean {
  return isStrataError(error) && String(error.context.stderr ?? error.message).includes('Exchange full');
}

function bridgeLines({ name, mac, mtu, addresses }: BridgeLink): string[] {
  const ipv6 = addresses.some((address) => address.includes(':'));
  return [
    `link add name ${name} address ${mac} mtu ${mtu} type bridge stp_state 0 forward_delay 0`,
    ...(ipv6 ? [] : unnumbered(name)),
  ];
}

function hostLines(pair: Pair): string[] {
  const { link, bridge, mtu, mac, sandbox, interfaceName } = pair;
  return [
    `link add dev ${link} mtu ${mtu} master ${bridge} type veth peer name ${interfaceName} address ${mac} mtu ${mtu} netns ${sandbox}`,
    ...unnumbered(link),
    // With br_netfilter a container's call to its own published port is turned round inside the bridge.
    `link set dev ${link} type bridge_slave hairpin on`,
    `link set dev ${link} up`,
    ...neighbourLines(pair),
  ];
}

/**
 * Known before the first packet: no ARP storm with a thousand containers, no spoofed answer, no lost first packet
 * where br_netfilter translates inside the bridge.
 */
function neighbourLines({ bridge, mac, addresses }: Port): string[] {
  return hostsOf({ addresses }).map(
    (host) => `neighbour replace ${host} lladdr ${mac} dev ${bridge} nud permanent`,
  );
}

function sandboxLines({ interfaceName: name, addresses, gateways }: Pair): string[] {
  const ipv6 = addresses.some((address) => address.includes(':'));
  return [
    'link set dev lo up',
    ...(ipv6 ? [] : unnumbered(name)),
    `link set dev ${name} up`,
    ...addresses.map((address) => addressLine('add', address, name)),
    ...gateways.map(
      (gateway) => `route add default via ${gateway} dev ${name} metric ${metric(name, gateway)}`,
    ),
  ];
}

function addressLine(verb: 'add' | 'replace', address: string, device: string): string {
  // We lease addresses, so duplicate detection would only delay their first use by a second.
  return `address ${verb} ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
}

/** eth0 has the best route; when it is disconnected, eth1's takes over. The kernel's defaults are 0 and 1024. */
function metric(interfaceName: string, gateway: string): number {
  return Number(/\d+$/.exec(interfaceName)?.[0] ?? 0) + (gateway.includes(':') ? 1024 : 0);
}
