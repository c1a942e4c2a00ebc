import { type DriverDefinition, noOptions } from '@strata/core';
import { FuseOverlayfsLayerDriver } from './fuse-overlayfs-layer-driver.ts';
import { probeFuseOverlayfs } from './fuse-overlayfs-probe.ts';

export default {
  kind: 'layer',
  id: 'fuse-overlayfs',
  apiVersion: 1,
  summary: 'overlay in a process of its own, for hosts where the kernel refuses one',
  options: noOptions,
  probe: probeFuseOverlayfs,
  create: (context) => new FuseOverlayfsLayerDriver(context.root, context.host.files, context.log),
} satisfies DriverDefinition<'layer', Record<string, never>>;
