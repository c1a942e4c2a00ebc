import type { OptionsSchema, SchemaIssue } from '@strata/core';
import { type Cidr, parseCidr } from './cidr.ts';

/** What a user may set for the driver as a whole. */
export interface BridgeOptions {
  /** IPv4 blocks that subnets are cut from, in order of preference. */
  readonly pools: readonly Cidr[];
  /** Prefix length of a subnet that the driver chooses. */
  readonly prefix: number;
  /** Of new networks, in bytes; `undefined`: that of the interface with the default route. */
  readonly mtu: number | undefined;
}

/**
 * Blocks that other engines leave alone: Docker takes 172.17–172.31 and 192.168 first, Podman 10.88 and up,
 * Kubernetes distributions 10.42, 10.43, 10.96 and 10.244, clouds the low end of 10/8. The other two are for hosts
 * whose routes cover 10/8.
 */
const POOLS = ['10.64.0.0/12', '172.16.0.0/12', '192.168.0.0/16'];
/** 2045 addresses: a bridge is full (1023 ports) before its subnet is. */
const PREFIX = 21;

const known = ['pools', 'prefix', 'mtu'];

export const bridgeOptions: OptionsSchema<BridgeOptions> = {
  '~standard': { version: 1, vendor: 'strata', validate },
};

function validate(value: unknown) {
  const given = (value ?? {}) as Record<string, unknown>;
  const issues: SchemaIssue[] = Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => ({ message: `the bridge driver has the options ${known.join(', ')}`, path: [name] }));
  const names = typeof given.pools === 'string' ? given.pools.split(',') : (given.pools ?? POOLS);
  const pools = Array.isArray(names) ? names.map((name) => parseCidr(String(name))) : [];
  if (pools.length === 0 || pools.some((pool) => pool?.family !== 4))
    issues.push({ message: 'must be IPv4 blocks such as 10.64.0.0/12', path: ['pools'] });
  const prefix = given.prefix === undefined ? PREFIX : Number(given.prefix);
  if (!Number.isInteger(prefix) || prefix < 16 || prefix > 29)
    issues.push({ message: 'must be a prefix length from 16 to 29', path: ['prefix'] });
  const mtu = given.mtu === undefined ? undefined : Number(given.mtu);
  if (mtu !== undefined && !isMtu(mtu)) issues.push({ message: 'must be from 68 to 65535', path: ['mtu'] });
  return issues.length > 0 ? { issues } : { value: { pools: pools as Cidr[], prefix, mtu } };
}

/** What veth(4) accepts; below 1280 there is no IPv6 (RFC 8200 section 5). */
export function isMtu(value: number): boolean {
  return Number.isInteger(value) && value >= 68 && value <= 65_535;
}
