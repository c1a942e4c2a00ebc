import type { DriverDefinition } from '@strata/core';
import { type CniOptions, cniOptions } from './cni-options.ts';

export default {
  kind: 'network',
  id: 'cni',
  apiVersion: 1,
  summary: 'the network of a CNI configuration list, made by its plugins',
  options: cniOptions,
  // Loaded when a container wants it: every command knows all drivers by name.
  probe: async (context) => (await import('./cni-probe.ts')).probeCni(context),
  create: async (context) => new (await import('./cni-network-driver.ts')).CniNetworkDriver(context),
} satisfies DriverDefinition<'network', CniOptions>;
