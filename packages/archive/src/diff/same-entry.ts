import { closeSync, readSync } from 'node:fs';
import type { Tree } from '@strata/core';
import type { Node } from '../apply/merged-view.ts';
import { isOverlayControl } from '../apply/overlay-marks.ts';
import { pathBytes, type RawPath } from '../path/raw-path.ts';

const CHUNK = 2 ** 18;

/** Attributes that are part of an image: file capabilities and the user's own (Docker writes only the first). */
export function imageXattrs(tree: Tree, path: Uint8Array): ReadonlyMap<string, Buffer> {
  const all = tree.xattrs(path);
  for (const name of all.keys()) {
    const kept = name === 'security.capability' || (name.startsWith('user.') && !isOverlayControl(name));
    if (!kept) all.delete(name);
  }
  return all;
}

/**
 * Is the entry unchanged? The rules of containerd's continuity `fs.Changes`: type, mode, owner, device number, the
 * image's attributes, and for all but directories size and time. Times without nanoseconds were probably cut by a
 * tar: then equal times prove nothing, and content is compared.
 */
export function sameEntry(lower: Node, upper: Node, path: RawPath): boolean {
  const a = lower.stat;
  const b = upper.stat;
  if (a.inode === b.inode && a.device === b.device) return true;
  if (a.type !== b.type || a.uid !== b.uid || a.gid !== b.gid) return false;
  if (a.mode !== b.mode || a.major !== b.major || a.minor !== b.minor) return false;
  if (a.type !== 'directory' && (a.mtimeNs !== b.mtimeNs || a.size !== b.size)) return false;
  const bytes = pathBytes(path);
  if (a.type === 'symlink' && !lower.tree.readlink(bytes).equals(upper.tree.readlink(bytes))) return false;
  if (
    a.type === 'file' &&
    a.size > 0 &&
    a.mtimeNs % 1_000_000_000n === 0n &&
    !sameContent(lower, upper, path)
  ) {
    return false;
  }
  return sameXattrs(imageXattrs(lower.tree, bytes), imageXattrs(upper.tree, bytes));
}

function sameXattrs(a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) if (b.get(name)?.equals(value) !== true) return false;
  return true;
}

function sameContent(lower: Node, upper: Node, path: RawPath): boolean {
  const bytes = pathBytes(path);
  const a = lower.tree.openRead(bytes);
  try {
    const b = upper.tree.openRead(bytes);
    try {
      return sameBytes(a, b);
    } finally {
      closeSync(b);
    }
  } finally {
    closeSync(a);
  }
}

const left = Buffer.allocUnsafeSlow(CHUNK);
const right = Buffer.allocUnsafeSlow(CHUNK);

function sameBytes(a: number, b: number): boolean {
  for (;;) {
    const n = readFully(a, left);
    if (n !== readFully(b, right)) return false;
    if (left.compare(right, 0, n, 0, n) !== 0) return false;
    if (n < CHUNK) return true;
  }
}

/** read(2) may return less than asked, also in the middle of a file. */
export function readFully(fd: number, into: Buffer): number {
  let have = 0;
  while (have < into.length) {
    const n = readSync(fd, into, have, into.length - have, null);
    if (n === 0) break;
    have += n;
  }
  return have;
}
