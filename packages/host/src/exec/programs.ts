import { accessSync, constants, statSync } from 'node:fs';
import { StrataError } from '@strata/core';

/** Fixed: a PATH from outside must not choose what root runs. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Debian packages of programs whose names do not say it. */
const PACKAGES: Readonly<Record<string, string>> = {
  btrfs: 'btrfs-progs',
  'mkfs.btrfs': 'btrfs-progs',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  ip: 'iproute2',
  bridge: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  losetup: 'mount',
  mount: 'mount',
  umount: 'mount',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  modprobe: 'kmod',
  newuidmap: 'uidmap',
  'fuse-overlayfs': 'fuse-overlayfs',
};

const found = new Map<string, string>();

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Synchronous: a lookup costs microseconds, a turn through the thread pool a hundred times that. */
function search(program: string): string | undefined {
  if (program.includes('/')) return program.startsWith('/') && isProgram(program) ? program : undefined;
  for (const folder of PATH.split(':')) {
    const path = `${folder}/${program}`;
    if (isProgram(path)) return path;
  }
  return undefined;
}

/** Absolute path of a program; hits are remembered, misses are not (it may be installed meanwhile). */
export function findProgram(program: string): string | undefined {
  const known = found.get(program);
  if (known !== undefined) return known;
  const path = search(program);
  if (path !== undefined) found.set(program, path);
  return path;
}

/** Found a moment ago and gone now: look again next time. */
export function forgetProgram(program: string): void {
  found.delete(program);
}

export function programMissing(program: string): StrataError {
  const name = program.slice(program.lastIndexOf('/') + 1);
  return new StrataError('unsupported', 'PROGRAM_NOT_FOUND', `The program ${name} is not installed`, {
    hint: `Install it, on Debian: apt-get install ${PACKAGES[name] ?? name}`,
    context: { program },
  });
}

export function requireProgram(program: string): string {
  const path = findProgram(program);
  if (path === undefined) throw programMissing(program);
  return path;
}

/** Nothing of our own environment (LD_PRELOAD, TAR_OPTIONS, BASH_ENV, tokens) reaches a child. */
export function scrubbedEnvironment(added: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH, LC_ALL: 'C.UTF-8', HOME: '/root', ...added };
}
