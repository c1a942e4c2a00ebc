import { type DriverDefinition, noOptions } from '@strata/core';
import { BtrfsCommand } from './btrfs-command.ts';
import { BtrfsLayerDriver } from './btrfs-layer-driver.ts';
import { probeBtrfs } from './btrfs-probe.ts';
import { BtrfsQuotaLayerDriver, quotaState } from './btrfs-quota.ts';

export default {
  kind: 'layer',
  id: 'btrfs',
  apiVersion: 1,
  summary: 'each layer a subvolume, each child a snapshot; renames and rewrites as on a plain disk',
  options: noOptions,
  probe: probeBtrfs,
  async create({ root, host, log }) {
    const command = new BtrfsCommand(host.exec);
    if ((await quotaState(host, root)) === 'off')
      return new BtrfsLayerDriver(root, command, { ...host, log });
    return new BtrfsQuotaLayerDriver(root, command, { ...host, log });
  },
  pool: {
    filesystem: 'btrfs',
    format: ['mkfs.btrfs', '-q', '--label', 'strata'],
    minimumBytes: 256 * 1024 ** 2,
  },
} satisfies DriverDefinition<'layer', Record<string, never>>;
