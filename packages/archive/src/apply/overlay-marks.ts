import type { FileStat, Tree } from '@strata/core';

/** How overlayfs records deletions (Linux Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"). */
export const OPAQUE = 'trusted.overlay.opaque';
const USER_OPAQUE = 'user.overlay.opaque';
const YES = Buffer.from('y');

/** A 0:0 character device. */
export function isWhiteout(stat: Pick<FileStat, 'type' | 'major' | 'minor'>): boolean {
  return stat.type === 'char' && stat.major === 0 && stat.minor === 0;
}

export function isOpaque(tree: Tree, path: Uint8Array): boolean {
  const xattrs = tree.xattrs(path);
  const value = xattrs.get(OPAQUE) ?? xattrs.get(USER_OPAQUE);
  // `x` marks a directory that may hold xattr whiteouts; it hides nothing itself.
  return value?.toString('latin1') === 'y';
}

export function setOpaque(tree: Tree, path: Uint8Array): void {
  tree.setXattr(path, OPAQUE, YES);
}

/** Attributes that steer overlayfs itself. They never come in or go out with a layer. */
export function isOverlayControl(name: string): boolean {
  return name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.');
}

export const WHITEOUT_META = { mode: 0, uid: 0, gid: 0, mtimeNs: 0n } as const;
