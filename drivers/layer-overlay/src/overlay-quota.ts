/**
 * Limits by project quota (quotactl(2)) on xfs and ext4 mounted with `prjquota`: `fs` and `work` of a layer are one
 * project, which everything made in them inherits (FS_XFLAG_PROJINHERIT, ioctl_fsgetxattr(2)). Both must be: a rename
 * from one project into another is EXDEV, and the kernel copies up by renaming from `work` into `fs`.
 */
import { type Host, type Layer, layerFailure, layerNotFound, type QuotaLayerDriver } from '@strata/core';
import { LoopOverlayLayerDriver } from './overlay-loop-driver.ts';
import { endedLeases, endLease, leaseProject, usedProjects } from './overlay-projects.ts';

const PROGRAMS = ['chattr', 'setquota', 'repquota'];

/** Where the filesystem of the root is mounted, if project quotas are on there and the programs are installed. */
export async function quotaMountpoint(
  { mounter, exec }: Pick<Host, 'mounter' | 'exec'>,
  root: string,
): Promise<string | undefined> {
  const mounts = await mounter.list();
  const below = (target: string) => target === '/' || root === target || root.startsWith(`${target}/`);
  const holder = mounts.findLast(({ target }) => below(target));
  if (holder === undefined || !['xfs', 'ext4'].includes(holder.type)) return undefined;
  if (!holder.options.includes('prjquota')) return undefined;
  const found = await Promise.all(PROGRAMS.map((program) => exec.find(program)));
  return found.includes(undefined) ? undefined : holder.target;
}

export class OverlayQuotaLayerDriver extends LoopOverlayLayerDriver implements QuotaLayerDriver {
  readonly #root: string;
  readonly #mountpoint: string;
  readonly #host: Host;

  constructor(root: string, host: Host, mountpoint: string) {
    super(root, host, { quota: true });
    this.#root = root;
    this.#host = host;
    this.#mountpoint = mountpoint;
  }

  async setQuota({ id }: Layer, limit: { readonly bytes: number; readonly inodes?: number }): Promise<void> {
    using tree = this.#host.files.openTree(this.#root);
    if (tree.lstat(Buffer.from(id)) === undefined) throw layerNotFound(id);
    try {
      const used = await usedProjects(this.#host, this.#mountpoint);
      const project = leaseProject(tree, id, (candidate) => used.has(candidate));
      const paths = ['fs', 'work'].map((name) => `${this.#root}/${id}/${name}`);
      await this.#host.exec.run('chattr', ['-R', '-p', String(project), '+P', '--', ...paths]);
      await this.#limit(project, limit);
    } catch (error) {
      throw layerFailure(error, id, 'limit');
    }
  }

  /** The limit of a project outlives its files, and its number would be given again. */
  override async cleanup(): Promise<void> {
    await super.cleanup();
    using tree = this.#host.files.openTree(this.#root);
    for (const lease of endedLeases(tree)) {
      await this.#limit(lease.project, { bytes: 0 });
      endLease(tree, lease);
    }
  }

  /** setquota(8): soft and hard limits of blocks (KiB), then of inodes; 0 is none. */
  async #limit(project: number, { bytes, inodes = 0 }: { bytes: number; inodes?: number }): Promise<void> {
    const limits = ['0', String(Math.ceil(bytes / 1024)), '0', String(inodes)];
    await this.#host.exec.run('setquota', ['-P', String(project), ...limits, this.#mountpoint]);
  }
}
