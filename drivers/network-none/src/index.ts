/** @module A network namespace with a loopback interface and nothing else. */
import { type DriverDefinition, noOptions } from '@strata/core';
import { NoNetworkDriver } from './none-network-driver.ts';

const networkNone: DriverDefinition<'network', Record<string, never>> = {
  kind: 'network',
  id: 'none',
  apiVersion: 1,
  summary: 'loopback only',
  options: noOptions,
  probe: async () => ({ supported: true }),
  create: () => new NoNetworkDriver(),
};

export default networkNone;
