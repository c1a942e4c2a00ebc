import { readFile } from 'node:fs/promises';
import type { Exec } from '@strata/core';
import { type Cidr, overlaps, parseAddress, parseCidr } from './cidr.ts';

/** What the host can reach already, in every routing table. */
export interface HostRoutes {
  /** Everything but default routes. */
  readonly all: readonly Cidr[];
  /** Subnets that one of its interfaces is in. */
  readonly connected: readonly Cidr[];
  /** Of the interface with the default route; 1500 without one. */
  readonly mtu: number;
}

interface Route {
  readonly dst?: string;
  readonly dev?: string;
  readonly type?: string;
  readonly protocol?: string;
  readonly scope?: string;
}

const ETHERNET_MTU = 1500;
/** Every IPv6 host has these. */
const everywhere = ['fe80::/10', 'ff00::/8', '::1/128'];

/** A route says more than an address: bridges that are down and VPNs are in it (ip-route(8)). */
export async function readHostRoutes(exec: Exec): Promise<HostRoutes> {
  const list = async (family: string): Promise<Route[]> => {
    const { stdout } = await exec.run('ip', ['-j', family, 'route', 'show', 'table', 'all']);
    return stdout.trim() === '' ? [] : (JSON.parse(stdout) as Route[]);
  };
  const routes = (await Promise.all([list('-4'), list('-6')])).flat();
  const placed = routes
    .filter(({ type }) => type !== 'multicast' && type !== 'anycast')
    .map((route) => ({ route, block: blockOf(route.dst ?? 'default') }))
    .filter(
      (entry): entry is { route: Route; block: Cidr } => entry.block !== undefined && entry.block.prefix > 0,
    )
    .filter(({ block }) => !everywhere.some((other) => overlaps(parseCidr(other)!, block)));
  return {
    all: placed.map(({ block }) => block),
    connected: placed.filter(({ route }) => route.protocol === 'kernel').map(({ block }) => block),
    mtu: await mtuOf(routes.find(({ dst, dev }) => dst === 'default' && dev !== undefined)?.dev),
  };
}

function blockOf(destination: string): Cidr | undefined {
  const address = parseAddress(destination);
  return address === undefined
    ? parseCidr(destination)
    : { ...address, prefix: address.family === 4 ? 32 : 128 };
}

async function mtuOf(device: string | undefined): Promise<number> {
  if (device === undefined) return ETHERNET_MTU;
  const text = await readFile(`/sys/class/net/${device}/mtu`, 'utf8').catch(() => '');
  return Math.min(Number.parseInt(text, 10) || ETHERNET_MTU, ETHERNET_MTU);
}
