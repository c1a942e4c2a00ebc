/**
 * System calls that Node does not have. Synchronous ones return a number or throw a Node-like error
 * (`code: 'ENOENT'`, `errno: -2`, `syscall`); those that may block return promises.
 *
 * Names are strings or raw bytes without NUL. `dirfd` is a directory's descriptor (O_PATH is enough) or
 * `AT_FDCWD` (-100). No call follows a symbolic link as last component. Descriptors made here are close-on-exec.
 */
export type Name = string | Uint8Array;

export interface Native {
  /** openat(2). */
  open(dirfd: number, name: Name, flags: number, mode: number): number;
  /** openat2(2) with RESOLVE_* flags; ENOSYS before Linux 5.6, where the caller has to walk by O_NOFOLLOW. EAGAIN is retried. */
  openIn(dirfd: number, path: Name, flags: number, resolve: number): number;
  close(fd: number): void;
  /** A second descriptor of the same open file, close-on-exec, not below `minimum` (default 3). */
  duplicate(fd: number, minimum?: number): number;
  mkdir(dirfd: number, name: Name, mode: number): void;
  /** mknodat(2); `mode` carries the S_IF* type. */
  mknod(dirfd: number, name: Name, mode: number, major: number, minor: number): void;
  symlink(target: Name, dirfd: number, name: Name): void;
  link(oldDirfd: number, oldName: Name, newDirfd: number, newName: Name): void;
  /** unlinkat(2); flag 0x200 (AT_REMOVEDIR) removes a directory. */
  unlink(dirfd: number, name: Name, flags: number): void;
  /** renameat2(2). */
  rename(oldDirfd: number, oldName: Name, newDirfd: number, newName: Name, flags: number): void;
  readlink(dirfd: number, name: Name): Buffer;
  /**
   * fstatat(2) into `out` (104 bytes): eight doubles (mode, uid, gid, size, nlink, rdev major, rdev minor,
   * 512-byte blocks), then five int64 (inode, device, mtime, ctime, atime in ns). Returns 0 or the errno; never throws one.
   */
  stat(dirfd: number, name: Name, flags: number, out: Uint8Array): number;
  /** getdents64(2): bytes of `struct linux_dirent64` written to `buffer`; 0 at the end. */
  getdents(fd: number, buffer: Uint8Array): number;
  /** fchown, fchmod and futimens (mtime and atime) in this order. */
  finishFile(fd: number, mode: number, uid: number, gid: number, mtimeNs: bigint): void;
  /** A new file (O_EXCL) with content, owner, mode and times, in one call; removed again when a step fails. */
  createFile(
    dirfd: number,
    name: Name,
    content: Uint8Array,
    mode: number,
    uid: number,
    gid: number,
    mtimeNs: bigint,
  ): void;
  /** lseek(2) with SEEK_DATA (3) and SEEK_HOLE (4) too; -1 for ENXIO (nothing after). */
  seek(fd: number, offset: number, whence: number): number;
  /** copy_file_range(2): bytes copied, inside the kernel or the filesystem. */
  copyRange(from: number, fromOffset: number, to: number, toOffset: number, length: number): number;
  /** ioctl(2): FICLONE, FS_IOC_*, BTRFS_IOC_*; a buffer is read and written in place. */
  ioctl(fd: number, request: number, argument: number | Uint8Array): number;
  /** flock(2), never waiting: 0, or -1 when somebody else holds the lock. LOCK_SH 1, LOCK_EX 2, LOCK_UN 8. */
  flock(fd: number, operation: number): number;
  syncfs(fd: number): Promise<number>;
  /**
   * A file that may be made shorter, piece by piece, where a mapped page finds no room on a full filesystem (SIGBUS). Without
   * one, or once it is empty, the process ends with a sentence and status 1.
   */
  spare(path: Name): void;

  /**
   * Inflate gzip data on this thread: zlib's status (1 at the end of a member, negative: broken, -5: more input or room is
   * needed), whether it was ISA-L, where that is installed, or zlib. `state` (128 KiB, 64-byte aligned enough as Node
   * allocates it, never moved) starts with two uint32: bytes read and bytes written. `how`: 2 for the first call, 1 for the
   * next member, else 0; 3 asks whether it would be ISA-L (1) and does nothing. `zlib` 1, in every call: not by ISA-L.
   * ENOSYS where Node hides its zlib.
   */
  inflate(state: Uint8Array, input: Uint8Array, output: Uint8Array, how: 0 | 1 | 2 | 3, zlib?: 0 | 1): number;

  /** fchownat(2), AT_SYMLINK_NOFOLLOW. */
  chown(dirfd: number, name: Name, uid: number, gid: number): void;
  /** fchmodat2(2): ENOTSUP on a symbolic link, ENOSYS before Linux 6.6. */
  chmod(dirfd: number, name: Name, mode: number): void;
  utimes(dirfd: number, name: Name, mtimeNs: bigint, atimeNs: bigint): void;
  /** Extended attributes of `name`, one component: `.` for the directory itself, empty for the open file `dirfd`. */
  setXattr(dirfd: number, name: Name, attribute: Name, value: Uint8Array): void;
  removeXattr(dirfd: number, name: Name, attribute: Name): void;
  getXattr(dirfd: number, name: Name, attribute: Name): Buffer;
  /** Attribute names, each ended by NUL. */
  listXattr(dirfd: number, name: Name): Buffer;

  /**
   * mount(2) with MS_* flags. With `base`, relative paths in source and data start there: a thread of its own
   * unshares its working directory (CLONE_FS) and changes into it.
   */
  mount(
    source: Name | null,
    target: Name,
    type: Name | null,
    flags: number,
    data: Name | null,
    base: Name | null,
  ): Promise<number>;
  umount(target: Name, flags: number): Promise<number>;
  /** mount_setattr(2): attributes to set and clear, MS_* propagation; `flags` 0x8000 is AT_RECURSIVE. */
  mountSetattr(target: Name, flags: number, set: number, clear: number, propagation: number): void;

  dup2(from: number, to: number): void;
  /** A unix socket of this path that listens to one client at a time. */
  standbyListen(path: string): number;
  /**
   * Wait, blocking this thread, for a client of packages/native/client: its words and environment, each ended by NUL.
   * `undefined` after `milliseconds`, or a signal. Into `numbers` go nine int32: the connection; its standard streams and
   * working directory; the count of words; its umask; the signals it ignores, as two halves. Closes the listener with the
   * first.
   */
  standbyAccept(listener: number, milliseconds: number, numbers: Uint8Array): Buffer | undefined;
  /** From now on this process gets the client's signals, and dies when it dies. */
  standbyBegin(connection: number, ignoredLow: number, ignoredHigh: number): void;
  /**
   * Tell the client its exit status, or, without one, to do its work itself; with `leaving` 1 it waits for this process to
   * end. Returns how many signals it has passed on.
   */
  standbyEnd(connection: number, code?: number, leaving?: 0 | 1): number;

  /** Make a network namespace with `lo` up, held by a bind mount on the file `target` (unshare(2), mount(2)). */
  networkNamespace(target: Name): Promise<number>;

  /** malloc_trim(3) of all threads: 1 when memory went back to the kernel. */
  trim(): number;
  /** pidfd_open(2). */
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /**
   * Start `path` by vfork(2) and execve(2), and return its pid. `argv` and `environment` are strings each ended by NUL.
   * Descriptor k of the child is the k-th of the int32s in `descriptors`, -1 for /dev/null; all others are closed. One
   * below their count must stand at its own index. Signals are default and unblocked; `session` 1 is setsid(2).
   * @throws the errno of chdir, dup2 or execve
   */
  spawn(
    path: Name,
    argv: Uint8Array,
    environment: Uint8Array,
    directory: Name | null,
    descriptors: Uint8Array,
    session: number,
  ): number;
  /** waitpid(2) for a process that {@link Native.spawn} started: its status once it has ended, -1 while it runs. */
  wait(pid: number): number;

  /** pipe2(2): two int32 into `ends`, for reading and for writing. */
  pipe(ends: Uint8Array): void;
  /** A connected pair of SOCK_STREAM unix sockets: two int32. */
  socketPair(ends: Uint8Array): void;

  /** Connect a SOCK_SEQPACKET unix socket; ENAMETOOLONG above 107 bytes. */
  connectPackets(path: Name): number;
  /** One packet into `buffer`: its length, 0 at the end, -1 when there is none now. */
  receive(fd: number, buffer: Uint8Array): number;
  /** Send one packet: -1 when the peer's queue is full. */
  send(fd: number, packet: Uint8Array): number;
  /** shutdown(2): 0 reading, 1 writing, 2 both. */
  shutdown(fd: number, how: number): void;
  /**
   * Wait in the event loop until `fd` is readable (1) or writable (2); resolves with the events. Holds no thread. At
   * most one wait per descriptor: dup(2) it for a second direction. Makes the descriptor non-blocking. The loop may
   * end before a wait in the `background`.
   */
  poll(fd: number, events: number, background?: boolean): Promise<number>;
}

/** The addon, loaded on first use. @throws StrataError `NATIVE_MISSING` when the set-up has not built it. */
export function load(): Native;
