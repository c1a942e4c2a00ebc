import type { DriverDefinition } from '@strata/core';
import { ErofsLayerDriver } from './erofs-layer-driver.ts';
import { type ErofsOptions, erofsOptions } from './erofs-options.ts';
import { probeErofs } from './erofs-probe.ts';

export default {
  kind: 'layer',
  id: 'erofs',
  apiVersion: 1,
  summary: 'committed layers as compressed read-only images, the writable one an overlay on top',
  options: erofsOptions,
  probe: probeErofs,
  create: ({ root, host, log, options }) => new ErofsLayerDriver(root, { ...host, log }, options),
} satisfies DriverDefinition<'layer', ErofsOptions>;
