import type { DriverDefinition } from '@strata/core';
import { type BridgeOptions, bridgeOptions } from './bridge-options.ts';

export default {
  kind: 'network',
  id: 'bridge',
  apiVersion: 1,
  summary: 'each network a Linux bridge with its own subnet; NAT to the outside, published ports',
  options: bridgeOptions,
  // Loaded when a container wants it: every command knows all drivers by name.
  probe: async (context) => (await import('./bridge-probe.ts')).probeBridge(context),
  create: async (context) => new (await import('./bridge-network-driver.ts')).BridgeNetworkDriver(context),
} satisfies DriverDefinition<'network', BridgeOptions>;
