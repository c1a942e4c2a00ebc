import { type DriverDefinition, noOptions } from '@strata/core';
import { LoopOverlayLayerDriver } from './overlay-loop-driver.ts';
import { probeOverlay } from './overlay-probe.ts';
import { OverlayQuotaLayerDriver, quotaMountpoint } from './overlay-quota.ts';

export default {
  kind: 'layer',
  id: 'overlay',
  apiVersion: 1,
  summary: 'each layer a directory of changes, stacked by the kernel; fast to make, shares the page cache',
  options: noOptions,
  probe: probeOverlay,
  async create({ root, host, log }) {
    const mountpoint = await quotaMountpoint(host, root);
    if (mountpoint === undefined) return new LoopOverlayLayerDriver(root, { ...host, log });
    return new OverlayQuotaLayerDriver(root, { ...host, log }, mountpoint);
  },
} satisfies DriverDefinition<'layer', Record<string, never>>;
