/**
 * A mount as plain data, after containerd's `mount.Mount`: drivers *describe* mounts, whoever holds the
 * description may perform it. It survives JSON, so another process can redo or undo it.
 */
export interface Mount {
  /**
   * Filesystem type as in mount(2): `overlay`, `bind`, `btrfs`, `tmpfs`, `erofs`, … With `fuse.NAME` the program NAME
   * serves it, started by mount(8) and ended by unmounting (mount.fuse3(8)).
   */
  readonly type: string;
  /** Device, directory or pseudo name as in mount(2). Absolute unless `base` is set. */
  readonly source: string;
  /**
   * fstab-style options. Flags (`ro`, `rbind`, `nosuid`, `nodev`, `noexec`, `relatime`, `rprivate`, …) become
   * mount flags, everything else is filesystem data. Never contains user text.
   */
  readonly options: readonly string[];
  /**
   * Directory that relative paths in `source` and `options` start from. It keeps the mount data of a deep
   * overlay below one page (mount(2) copies at most `PAGE_SIZE` bytes) and away from `:` and `,` in long roots.
   * Absolute; or relative to the target, so that a mount can use those that came before it in one description.
   */
  readonly base?: string;
  /** Where to mount below the target, when one description consists of several mounts. Default: the target. */
  readonly target?: string;
}

/** One line of /proc/self/mountinfo (proc(5)), with octal escapes decoded. */
export interface MountInfo {
  readonly id: number;
  readonly parent: number;
  readonly root: string;
  readonly target: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** The directory behind a description that is only a bind of one directory: it can be used without mounting. */
export function plainDirectory(mounts: readonly Mount[]): string | undefined {
  const [only, ...rest] = mounts;
  if (only === undefined || rest.length > 0 || only.type !== 'bind' || only.target !== undefined)
    return undefined;
  return only.base === undefined ? only.source : undefined;
}
