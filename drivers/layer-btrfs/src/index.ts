import { type DriverDefinition, noOptions } from '@strata/core';
import { BtrfsCommand } from './btrfs-command.ts';
import { BtrfsLayerDriver } from './btrfs-layer-driver.ts';
import { probeBtrfs } from './btrfs-probe.ts';

export default {
  kind: 'layer',
  id: 'btrfs',
  apiVersion: 1,
  summary: 'each layer a subvolume, each child a snapshot; renames and rewrites as on a plain disk',
  options: noOptions,
  probe: probeBtrfs,
  create: ({ root, host, log }) => new BtrfsLayerDriver(root, new BtrfsCommand(host.exec), { ...host, log }),
  pool: {
    filesystem: 'btrfs',
    format: ['mkfs.btrfs', '-q', '--label', 'strata'],
    minimumBytes: 256 * 1024 ** 2,
  },
} satisfies DriverDefinition<'layer', Record<string, never>>;
