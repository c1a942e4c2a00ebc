/**
 * Limits on what a container writes itself: the exclusive bytes of its subvolume's qgroup (btrfs-qgroup(8)). Accounting
 * slows the whole filesystem a little, so it is switched on with the first limit and only where the filesystem is
 * ours alone, a pool; elsewhere its owner has to have done it.
 */
import { type Host, type Layer, type QuotaLayerDriver, StrataError } from '@strata/core';
import type { BtrfsCommand } from './btrfs-command.ts';
import { BtrfsLayerDriver } from './btrfs-layer-driver.ts';

const SYSFS = '/sys/fs/btrfs';

/** `pool`: ours to switch on. `on`: it is on. */
export type QuotaState = 'off' | 'pool' | 'on';

export async function quotaState(host: Pick<Host, 'files' | 'mounter'>, root: string): Promise<QuotaState> {
  const mounts = await host.mounter.list();
  const holder = mounts.findLast(
    ({ target }) => target === root || root.startsWith(`${target}/`.replace('//', '/')),
  );
  if (holder === undefined) return 'off';
  if (isAccounting(host, holder.source)) return 'on';
  // The root of a filesystem mounted at the driver's root: `strata storage init` made it.
  return holder.target === root && holder.root === '/' ? 'pool' : 'off';
}

/** A filesystem lists its devices in sysfs, and has a directory of qgroups there while it accounts. */
function isAccounting({ files }: Pick<Host, 'files'>, device: string): boolean {
  try {
    using tree = files.openTree(SYSFS);
    const name = device.slice(device.lastIndexOf('/') + 1);
    return tree
      .readdir(Buffer.from('.'))
      .map((entry) => entry.name.toString())
      .some((id) =>
        [`${id}/devices/${name}`, `${id}/qgroups`].every((path) => tree.lstat(Buffer.from(path))),
      );
  } catch {
    return false;
  }
}

export class BtrfsQuotaLayerDriver extends BtrfsLayerDriver implements QuotaLayerDriver {
  readonly #limits: { readonly root: string; readonly command: BtrfsCommand; readonly host: Host };

  constructor(root: string, command: BtrfsCommand, host: Host) {
    super(root, command, host, { quota: true });
    this.#limits = { root, command, host };
  }

  async setQuota({ id }: Layer, limit: { readonly bytes: number; readonly inodes?: number }): Promise<void> {
    const { root, command, host } = this.#limits;
    if (limit.inodes !== undefined)
      throw new StrataError('unsupported', 'QUOTA_INODES', 'btrfs cannot limit the number of files', {
        hint: 'Limit the size alone',
      });
    if ((await quotaState(host, root)) !== 'on') await command.enableQuota(root);
    await command.limitExclusive(`${root}/${id}`, limit.bytes);
  }

  override async cleanup(): Promise<void> {
    await super.cleanup();
    const { root, command, host } = this.#limits;
    if ((await quotaState(host, root)) === 'on') await command.clearStaleQgroups(root);
  }
}
