/** @module The network of the host. */
import { type DriverDefinition, noOptions } from '@strata/core';
import { HostNetworkDriver } from './host-network-driver.ts';

const networkHost: DriverDefinition<'network', Record<string, never>> = {
  kind: 'network',
  id: 'host',
  apiVersion: 1,
  summary: 'the network of the host',
  options: noOptions,
  probe: async () => ({ supported: true }),
  create: () => new HostNetworkDriver(),
};

export default networkHost;
