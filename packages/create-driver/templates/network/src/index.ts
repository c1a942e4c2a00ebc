import { type DriverDefinition, noOptions } from '@strata/core';
import { ExampleNetworkDriver } from './example-network-driver.ts';

export default {
  kind: 'network',
  id: 'example',
  apiVersion: 1,
  summary: 'loopback only: a start for a network of your own',
  options: noOptions,
  // Try the real thing here as soon as there is one: make a link, remove it.
  probe: async () => ({ supported: true }),
  create: () => new ExampleNetworkDriver(),
} satisfies DriverDefinition<'network', Record<string, never>>;
