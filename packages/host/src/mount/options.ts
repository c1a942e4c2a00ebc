import { type Mount, StrataError } from '@strata/core';

/** MS_* of mount(2). */
export const MS_RDONLY = 1;
export const MS_REMOUNT = 32;
export const MS_BIND = 4096;
export const MS_REC = 16_384;
export const MS_PRIVATE = 1 << 18;

const PAGE_SIZE = 4096;

/** Flags that an option sets (true) or clears (false). mount_setattr(2) has its own numbers for them. */
const FLAGS: Readonly<Record<string, readonly [flag: number, set: boolean]>> = {
  ro: [1, true],
  rw: [1, false],
  nosuid: [2, true],
  suid: [2, false],
  nodev: [4, true],
  dev: [4, false],
  noexec: [8, true],
  exec: [8, false],
  sync: [16, true],
  async: [16, false],
  mand: [64, true],
  dirsync: [128, true],
  noatime: [1024, true],
  atime: [1024, false],
  nodiratime: [2048, true],
  relatime: [1 << 21, true],
  strictatime: [1 << 24, true],
  lazytime: [1 << 25, true],
};

/** Everything becomes private anyway; asking for propagation out of it is refused. */
const PROPAGATION = new Set(['private', 'rprivate', 'slave', 'rslave', 'unbindable', 'runbindable']);
const SHARED = new Set(['shared', 'rshared']);
const IGNORED = new Set(['', 'defaults', 'loop', 'bind', 'rbind']);

/** Of the flags above, the ones mount_setattr(2) takes with the same meaning: RDONLY … NOEXEC, and the atime modes. */
const ATTRIBUTES: Readonly<Record<string, number>> = {
  ro: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
};

export interface MountPlan {
  readonly bind: boolean;
  readonly recursive: boolean;
  /** mount(8) does it: a loop device, or a filesystem in a process of its own (`fuse.NAME`, mount.fuse3(8)). */
  readonly program: boolean;
  readonly flags: number;
  /** Filesystem data, `null` when there is none. */
  readonly data: string | null;
  /** For binds: MOUNT_ATTR_* to set after binding; a bind itself takes none. */
  readonly attributes: number;
}

function refuse(code: string, message: string, hint: string): StrataError {
  return new StrataError('invalid-argument', code, message, { hint });
}

function checkData(mount: Mount, data: string): void {
  // The kernel copies one page, and would cut the rest of the options off without a word.
  if (Buffer.byteLength(data) >= PAGE_SIZE)
    throw refuse(
      'MOUNT_OPTIONS_TOO_LONG',
      `The options of this ${mount.type} mount are ${Buffer.byteLength(data)} bytes; the kernel takes ${PAGE_SIZE - 1}`,
      'Use a shorter --root, or fewer layers',
    );
  if (data.includes('\0'))
    throw refuse('MOUNT_OPTIONS_INVALID', 'A mount option contains a NUL byte', 'Remove it');
}

/** fstab-style options as what mount(2) takes: flags, and the rest as filesystem data. */
export function planMount(mount: Mount): MountPlan {
  const { options } = mount;
  let flags = 0;
  const data: string[] = [];
  for (const option of options) {
    const known = Object.hasOwn(FLAGS, option) ? FLAGS[option] : undefined;
    if (SHARED.has(option))
      throw refuse('MOUNT_SHARED', 'A mount of Strata is always private', 'Use the option rprivate');
    if (known !== undefined) flags = known[1] ? flags | known[0] : flags & ~known[0];
    else if (!IGNORED.has(option) && !PROPAGATION.has(option)) data.push(option);
  }
  const text = data.join(',');
  const program = options.includes('loop') || mount.type.startsWith('fuse.');
  if (!program) checkData(mount, text);
  const recursive = options.includes('rbind');
  const bind = recursive || mount.type === 'bind' || options.includes('bind');
  const wanted = options.filter((option) => Object.hasOwn(ATTRIBUTES, option));
  const attributes = wanted.reduce((bits, option) => bits | (ATTRIBUTES[option] ?? 0), 0);
  const readOnly = (flags & MS_RDONLY) !== 0;
  return {
    bind,
    recursive,
    program,
    flags,
    data: text === '' ? null : text,
    attributes: readOnly ? attributes : attributes & ~1,
  };
}
