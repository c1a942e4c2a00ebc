/**
 * # Tree: a directory nobody can lead you out of
 *
 * All access to untrusted trees (layers, root filesystems, `cp`) goes through a `Tree`. It holds its root by file
 * descriptor; every path is relative, in raw bytes, and its parents are resolved *inside* the root as in a chroot
 * (openat2(2) RESOLVE_IN_ROOT): `..` stops at the root, absolute links start there. The last component is never
 * followed, unless a method says so. So an escape is impossible rather than detected, also while a container
 * swaps components.
 *
 * Calls are synchronous: they run in worker threads, or on a handful of files. Errors are Node system errors
 * (`code: 'ENOENT'`, `syscall`, `path`). Paths: no leading `/` needed; `.` and the empty path are the root.
 */
export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'char' | 'block';

export interface FileStat {
  readonly type: FileType;
  /** Permission bits with setuid, setgid and sticky (0–07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly nlink: number;
  readonly inode: bigint;
  readonly device: bigint;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Device numbers of a char or block node. */
  readonly major: number;
  readonly minor: number;
  /** 512-byte blocks allocated. */
  readonly blocks: number;
}

export interface TreeEntry {
  readonly name: Buffer;
  readonly type: FileType;
}

/** Owner, mode and time to give a new node. */
export interface FileMeta {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
}

/** A regular file being written; metadata is applied at `finish`, in the order chown, chmod, xattrs, mtime. */
export interface FileWriter {
  write(chunk: Uint8Array): void;
  /** Leave a hole of `bytes` zeros. */
  hole(bytes: number): void;
  finish(meta: FileMeta, xattrs?: ReadonlyMap<string, Uint8Array>): void;
  /** Close without metadata; the file stays for the caller to remove. Idempotent. */
  abort(): void;
}

export interface Tree extends Disposable {
  /** Absolute path of the root, for messages and mounts only. */
  readonly path: string;
  /** `undefined` when it, or a parent, does not exist. Does not follow the last component. */
  lstat(path: Uint8Array): FileStat | undefined;
  /** Follows links, inside the root. */
  stat(path: Uint8Array): FileStat | undefined;
  readlink(path: Uint8Array): Buffer;
  /** Entries without `.` and `..`, unordered. */
  readdir(path: Uint8Array): TreeEntry[];
  /** Where links lead, inside the root: the path with every link of the parents and the last component resolved. */
  realpath(path: Uint8Array): Buffer;
  mkdir(path: Uint8Array, meta?: FileMeta): void;
  /** With mode and owner, but without following anything. */
  mknod(
    path: Uint8Array,
    type: 'fifo' | 'socket' | 'char' | 'block',
    meta: FileMeta,
    major?: number,
    minor?: number,
  ): void;
  symlink(target: Uint8Array, path: Uint8Array, meta: Omit<FileMeta, 'mode'>): void;
  /** Hard link; `existing` itself is not followed, its parents stay inside the root. */
  link(existing: Uint8Array, path: Uint8Array): void;
  unlink(path: Uint8Array): void;
  rmdir(path: Uint8Array): void;
  /** Recursive delete of a file or tree without following links or crossing mounts. Missing is fine. */
  remove(path: Uint8Array): void;
  rename(from: Uint8Array, to: Uint8Array): void;
  /** A whole small file in one call. The name must be free (O_EXCL). */
  writeFile(
    path: Uint8Array,
    content: Uint8Array,
    meta: FileMeta,
    xattrs?: ReadonlyMap<string, Uint8Array>,
  ): void;
  /** A file of any size, streamed. The name must be free (O_EXCL). */
  createFile(path: Uint8Array): FileWriter;
  /**
   * Open a regular file for reading: O_NOFOLLOW, O_NONBLOCK, checked by fstat, so a FIFO or device never blocks.
   * With `follow` links are followed inside the root. The caller closes the descriptor. @throws ENOTSUP if not regular
   */
  openRead(path: Uint8Array, options?: { readonly follow?: boolean }): number;
  /** At most `maxBytes` of a regular file; `undefined` when missing. @throws EFBIG when it is larger, ENOTSUP if not regular */
  readFile(
    path: Uint8Array,
    options: { readonly maxBytes: number; readonly follow?: boolean },
  ): Buffer | undefined;
  chown(path: Uint8Array, uid: number, gid: number): void;
  /** Not on symlinks: ENOTSUP. */
  chmod(path: Uint8Array, mode: number): void;
  utimes(path: Uint8Array, mtimeNs: bigint): void;
  /** All extended attributes, none when the filesystem has none. */
  xattrs(path: Uint8Array): Map<string, Buffer>;
  setXattr(path: Uint8Array, name: string, value: Uint8Array): void;
  removeXattr(path: Uint8Array, name: string): void;
  close(): void;
}

/** Directories and whole files of ours (not a container's): trusted paths under the root of Strata. */
export interface Files {
  /** Open an existing directory as a {@link Tree}. */
  openTree(path: string): Tree;
  /** syncfs(2) on the filesystem that holds `path`. */
  syncfs(path: string): Promise<void>;
  /**
   * ioctl(2) on a file or directory, for what the programs of a distribution cannot say yet. The argument is read and
   * written in place. @throws a Node-like error with the errno
   */
  ioctl(path: string, request: number, argument: Uint8Array): void;
  /** Write beside, fsync, rename over, fsync the directory: old or new content after a power cut, never neither. */
  writeAtomic(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** Share the blocks of `source` as a new file (FICLONE); false where the filesystem cannot. */
  reflink(source: string, target: string): Promise<boolean>;
  /** Recursive delete that refuses to cross a mount point (mountinfo is read first). Missing is fine. */
  removeTree(path: string): Promise<void>;
  /** Bytes and inodes of a tree, hard links counted once, mounts not crossed. */
  usage(path: string, signal?: AbortSignal): Promise<{ readonly bytes: number; readonly inodes: number }>;
  /** Type by magic (`ext4`, `btrfs`, `xfs`, `tmpfs`, `overlay`, …) and free space. */
  filesystem(path: string): Promise<{
    readonly type: string;
    readonly freeBytes: number;
    readonly totalBytes: number;
    readonly freeInodes: number;
  }>;
  /** Copy a tree with everything it has (owners, ns times, hard links, xattrs, devices, holes), reflinked where possible. */
  copyTree(source: string, target: string, signal?: AbortSignal): Promise<void>;
}
