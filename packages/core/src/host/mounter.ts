import type { Mount, MountInfo } from '../mount/mount.ts';

/**
 * mount(2) and what follows from it. Everything it mounts is made private at once, so nothing mounted below it later
 * propagates. Where the mount it lies on is shared, the kernel has by then copied it to that one's peers
 * (mount_namespaces(7)); such a copy goes when ours goes.
 */
export interface Mounter {
  /** Mount all of `mounts` at an existing directory, in order. Undoes the first ones when a later one fails. */
  mount(mounts: readonly Mount[], target: string): Promise<void>;
  /** Unmount everything at and below `target`, deepest first; EBUSY is retried for 2 s, then detached lazily. Idempotent. */
  unmount(target: string): Promise<void>;
  /** Mounts at or below a directory, from mountinfo; all of them without one. */
  list(below?: string): Promise<readonly MountInfo[]>;
  /** Mount, hand the mounted directory to `use`, unmount and remove it again whatever happens. */
  withMounted<T>(mounts: readonly Mount[], use: (directory: string) => Promise<T>): Promise<T>;
  /** Directories of {@link withMounted} whose process was killed. The next call that needs one takes them down. */
  abandoned(): Promise<readonly string[]>;
}
