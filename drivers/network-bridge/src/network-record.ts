import type { NetworkSpec } from '@strata/core';
import { type Address, type Cidr, contains, parseAddress, parseCidr, usable } from './cidr.ts';
import { bridgeName } from './names.ts';

/** One family of a network, resolved. */
export interface Segment {
  readonly subnet: Cidr;
  readonly gateway: Address;
  /** Where automatic addresses come from: `--ip-range`, or the whole subnet. */
  readonly range: Cidr;
}

/** A network as the driver works with it. `segments[0]` is IPv4; a second one is IPv6. */
export interface Network {
  readonly spec: NetworkSpec;
  readonly bridge: string;
  readonly mtu: number;
  readonly segments: readonly Segment[];
}

/** Read a spec that {@link resolveNetwork} completed. */
export function networkOf(spec: NetworkSpec, mtu: number): Network {
  const range = spec.ipRange === undefined ? undefined : parseCidr(spec.ipRange);
  const gateway = spec.gateway === undefined ? undefined : parseAddress(spec.gateway);
  const segments = spec.subnets
    .map((subnet) => parseCidr(subnet)!)
    .map((subnet) => ({
      subnet,
      gateway:
        gateway !== undefined && contains(subnet, gateway)
          ? gateway
          : { family: subnet.family, value: usable(subnet).first },
      range: range?.family === subnet.family ? range : subnet,
    }));
  return { spec, bridge: bridgeName(spec.id), mtu, segments };
}
