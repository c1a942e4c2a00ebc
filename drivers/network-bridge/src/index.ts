import type { DriverDefinition } from '@strata/core';
import { BridgeNetworkDriver } from './bridge-network-driver.ts';
import { type BridgeOptions, bridgeOptions } from './bridge-options.ts';
import { probeBridge } from './bridge-probe.ts';

export default {
  kind: 'network',
  id: 'bridge',
  apiVersion: 1,
  summary: 'each network a Linux bridge with its own subnet; NAT to the outside, published ports',
  options: bridgeOptions,
  probe: probeBridge,
  create: (context) => new BridgeNetworkDriver(context),
} satisfies DriverDefinition<'network', BridgeOptions>;
