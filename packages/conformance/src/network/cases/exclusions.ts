/** Why a case does not apply, in words people read. */
import type { NetworkCapabilities } from '@strata/core';

type Reason = (traits: NetworkCapabilities) => string | undefined;

const unless =
  (capability: keyof NetworkCapabilities, reason: string): Reason =>
  (traits) =>
    traits[capability] ? undefined : reason;

export const needsSandbox = unless('sandbox', 'containers join the network namespace of the host');
export const needsPorts = unless('publish', 'the driver publishes no ports');
export const needsNetworks = unless('multiple', 'the driver has one network only');
export const needsConnections = unless('connects', 'containers of its network do not reach each other');
/** Ports on a network that the case may choose, and whose host side is the driver's alone. */
export const needsOwnNetwork: Reason = (traits) => needsPorts(traits) ?? needsNetworks(traits);

/** An interface of the container's own, with something at the other end. */
export const needsInterface: Reason = (traits) => needsSandbox(traits) ?? needsConnections(traits);

export const withoutPorts: Reason = ({ publish }) => (publish ? 'the driver publishes ports' : undefined);
export const withoutNetworks: Reason = ({ multiple }) =>
  multiple ? 'users can make networks with this driver' : undefined;
