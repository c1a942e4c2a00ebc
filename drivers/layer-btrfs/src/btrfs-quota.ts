/**
 * Limits on what a container writes itself (btrfs-qgroup(8)). Accounting slows the whole filesystem a little, so it is
 * switched on with the first limit and only where the filesystem is ours alone, a pool; elsewhere its owner has to have
 * done it. With simple quotas a limit holds for subvolumes made inside the container too; with classic ones it is the
 * exclusive bytes of its own subvolume, and {@link BtrfsQuotaLayerDriver.quotaCaveat} says so.
 */
import { type Host, type Layer, type QuotaLayerDriver, StrataError } from '@strata/core';
import type { BtrfsCommand } from './btrfs-command.ts';
import { BtrfsLayerDriver } from './btrfs-layer-driver.ts';

const SYSFS = '/sys/fs/btrfs';

/** `pool`: ours to switch on. `simple`, `classic`: it is on. */
export type QuotaState = 'off' | 'pool' | 'simple' | 'classic';

export async function quotaState(host: Pick<Host, 'files' | 'mounter'>, root: string): Promise<QuotaState> {
  const mounts = await host.mounter.list();
  const holder = mounts.findLast(
    ({ target }) => target === root || root.startsWith(`${target}/`.replace('//', '/')),
  );
  if (holder === undefined) return 'off';
  const accounting = accountingOf(host, holder.source);
  if (accounting !== undefined) return accounting;
  // The root of a filesystem mounted at the driver's root: `strata storage init` made it.
  return holder.target === root && holder.root === '/' ? 'pool' : 'off';
}

/** A filesystem lists its devices in sysfs, and has a directory of qgroups there while it accounts. */
function accountingOf({ files }: Pick<Host, 'files'>, device: string): 'simple' | 'classic' | undefined {
  try {
    using tree = files.openTree(SYSFS);
    const name = device.slice(device.lastIndexOf('/') + 1);
    const filesystem = tree
      .readdir(Buffer.from('.'))
      .map((entry) => entry.name.toString())
      .find((id) =>
        [`${id}/devices/${name}`, `${id}/qgroups`].every((path) => tree.lstat(Buffer.from(path))),
      );
    if (filesystem === undefined) return undefined;
    const mode = tree.readFile(Buffer.from(`${filesystem}/qgroups/mode`), { maxBytes: 8192 });
    return mode?.toString().trim() === 'squota' ? 'simple' : 'classic';
  } catch {
    return undefined;
  }
}

/** Linux 6.7. */
function kernelKnowsSimple({ files }: Pick<Host, 'files'>): boolean {
  try {
    using tree = files.openTree(SYSFS);
    return tree.lstat(Buffer.from('features/simple_quota')) !== undefined;
  } catch {
    return false;
  }
}

export class BtrfsQuotaLayerDriver extends BtrfsLayerDriver implements QuotaLayerDriver {
  readonly #limits: { readonly root: string; readonly qgroups: BtrfsCommand['qgroups']; readonly host: Host };

  constructor(root: string, command: BtrfsCommand, host: Host) {
    super(root, command, host, { quota: true });
    this.#limits = { root, qgroups: command.qgroups, host };
  }

  async quotaCaveat(): Promise<string | undefined> {
    const { root, host } = this.#limits;
    const state = await quotaState(host, root);
    if (state === 'simple' || (state === 'pool' && kernelKnowsSimple(host))) return undefined;
    return (
      'The limit does not count subvolumes that are made inside the container: that takes simple quotas ' +
      '(Linux 6.7), and this filesystem has classic ones'
    );
  }

  async setQuota({ id }: Layer, limit: { readonly bytes: number; readonly inodes?: number }): Promise<void> {
    const { root, qgroups, host } = this.#limits;
    if (limit.inodes !== undefined)
      throw new StrataError('unsupported', 'QUOTA_INODES', 'btrfs cannot limit the number of files', {
        hint: 'Limit the size alone',
      });
    if ((await quotaState(host, root)) === 'pool') {
      if (kernelKnowsSimple(host)) qgroups.enableSimple(host.files, root);
      else await qgroups.enable(root);
    }
    if ((await quotaState(host, root)) === 'simple') await qgroups.limitNested(`${root}/${id}`, limit.bytes);
    else await qgroups.limitExclusive(`${root}/${id}`, limit.bytes);
  }

  override async cleanup(): Promise<void> {
    await super.cleanup();
    const { root, qgroups, host } = this.#limits;
    if (['simple', 'classic'].includes(await quotaState(host, root))) await qgroups.clearStale(root);
  }
}
