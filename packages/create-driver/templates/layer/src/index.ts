import { type DriverDefinition, noOptions } from '@strata/core';
import { ExampleLayerDriver } from './example-layer-driver.ts';
import { probeExample } from './example-probe.ts';

export default {
  kind: 'layer',
  id: 'example',
  apiVersion: 1,
  summary: 'each layer a copy of its parent, blocks shared where the filesystem can',
  options: noOptions,
  probe: probeExample,
  create: ({ root, host, log }) => new ExampleLayerDriver(root, host.files, log),
} satisfies DriverDefinition<'layer', Record<string, never>>;
