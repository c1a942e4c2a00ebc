import { type DriverDefinition, noOptions } from '@strata/core';
import { VfsLayerDriver } from './vfs-layer-driver.ts';
import { probeVfs } from './vfs-probe.ts';

export default {
  kind: 'layer',
  id: 'vfs',
  apiVersion: 1,
  summary: 'each layer a plain copy; works on any filesystem, slow and large where it cannot share blocks',
  options: noOptions,
  probe: probeVfs,
  create: (context) => new VfsLayerDriver(context.root, context.host.files, context.log),
} satisfies DriverDefinition<'layer', Record<string, never>>;
