/** Two names, entry by entry and byte by byte: nothing is taken on trust, also not equal times and sizes. */
import { closeSync, readSync } from 'node:fs';
import type { FileStat, Tree } from '@strata/core';
import type { Pulse } from './pulse.ts';

export interface Place {
  readonly tree: Tree;
  readonly path: Buffer;
  readonly stat: FileStat;
}

type Difference =
  | 'type'
  | 'device number'
  | 'link target'
  | 'size'
  | 'content'
  | 'owner'
  | 'mode'
  | 'time'
  | 'extended attributes';

const METADATA: readonly Difference[] = ['owner', 'mode', 'time', 'extended attributes'];

/** Whether setting owner, mode, times and attributes is all it takes. */
export function isMetadata(difference: Difference): boolean {
  return METADATA.includes(difference);
}

/** The first thing in which they differ, what cannot be set on an existing node before what can. */
export async function differenceOf(a: Place, b: Place, pulse: Pulse): Promise<Difference | undefined> {
  const { stat: left } = a;
  const { stat: right } = b;
  if (left.type !== right.type) return 'type';
  if (left.major !== right.major || left.minor !== right.minor) return 'device number';
  if (left.type === 'symlink' && !a.tree.readlink(a.path).equals(b.tree.readlink(b.path)))
    return 'link target';
  if (left.type === 'file') {
    if (left.size !== right.size) return 'size';
    if (left.size > 0 && !(await sameContent(a, b, pulse))) return 'content';
  }
  if (left.uid !== right.uid || left.gid !== right.gid) return 'owner';
  if (left.mode !== right.mode) return 'mode';
  if (left.mtimeNs !== right.mtimeNs) return 'time';
  return sameXattrs(a.tree.xattrs(a.path), b.tree.xattrs(b.path)) ? undefined : 'extended attributes';
}

function sameXattrs(a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) if (b.get(name)?.equals(value) !== true) return false;
  return true;
}

const CHUNK = 2 ** 18;

async function sameContent(a: Place, b: Place, pulse: Pulse): Promise<boolean> {
  using files = new DisposableStack();
  const open = ({ tree, path }: Place) => files.adopt(tree.openRead(path), closeSync);
  const left = open(a);
  const right = open(b);
  const length = Math.min(CHUNK, a.stat.size);
  const buffers = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)] as const;
  for (;;) {
    const n = readFully(left, buffers[0]);
    if (n !== readFully(right, buffers[1])) return false;
    if (buffers[0].compare(buffers[1], 0, n, 0, n) !== 0) return false;
    if (n < length) return true;
    await pulse.beat();
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
