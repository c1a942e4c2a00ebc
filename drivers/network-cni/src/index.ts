import type { DriverDefinition } from '@strata/core';
import { CniNetworkDriver } from './cni-network-driver.ts';
import { type CniOptions, cniOptions } from './cni-options.ts';
import { probeCni } from './cni-probe.ts';

export default {
  kind: 'network',
  id: 'cni',
  apiVersion: 1,
  summary: 'the network of a CNI configuration list, made by its plugins',
  options: cniOptions,
  probe: probeCni,
  create: (context) => new CniNetworkDriver(context),
} satisfies DriverDefinition<'network', CniOptions>;
