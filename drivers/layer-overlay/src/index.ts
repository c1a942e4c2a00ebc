import { type DriverDefinition, noOptions } from '@strata/core';
import { OverlayLayerDriver } from './overlay-layer-driver.ts';
import { probeOverlay } from './overlay-probe.ts';

export default {
  kind: 'layer',
  id: 'overlay',
  apiVersion: 1,
  summary: 'each layer a directory of changes, stacked by the kernel; fast to make, shares the page cache',
  options: noOptions,
  probe: probeOverlay,
  create: (context) => new OverlayLayerDriver(context.root, context.host.files, context.log),
} satisfies DriverDefinition<'layer', Record<string, never>>;
