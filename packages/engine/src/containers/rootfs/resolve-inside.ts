/** Paths of a container's root filesystem, resolved and made inside it. */
import { posix } from 'node:path';
import { errnoOf, StrataError, type Tree } from '@strata/core';

const directoryMeta = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };
const fileMeta = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n };
const maxLinks = 40;

export type MountpointKind = 'directory' | 'file';

/**
 * The real path that `path` leads to inside the tree, made where it is missing: a directory, or an empty file in its
 * directory. Links are followed inside the tree, also dangling ones. Returns `/…` without any link in it.
 * @throws invalid-argument when something of another type is in the way
 */
export function makeInside(tree: Tree, path: string, kind: MountpointKind): { real: string; made: string[] } {
  const made: string[] = [];
  const real = make(tree, posix.resolve('/', path), { kind, made, links: 0 });
  return { real, made };
}

interface Making {
  readonly kind: MountpointKind;
  readonly made: string[];
  readonly links: number;
}

function make(tree: Tree, path: string, making: Making): string {
  if (path === '/') return '/';
  if (making.links > maxLinks) throw inTheWay(path, 'too many symbolic links');
  const parent = make(tree, posix.dirname(path), { ...making, kind: 'directory' });
  const here = posix.join(parent, posix.basename(path));
  const found = tree.lstat(bytes(here));
  if (found === undefined) {
    if (making.kind === 'directory') tree.mkdir(bytes(here), now(directoryMeta));
    else tree.writeFile(bytes(here), Buffer.alloc(0), now(fileMeta));
    making.made.push(here);
    return here;
  }
  if (found.type === 'symlink') {
    const target = posix.resolve(parent, tree.readlink(bytes(here)).toString());
    return make(tree, target, { ...making, links: making.links + 1 });
  }
  if ((found.type === 'directory') === (making.kind === 'directory')) return here;
  throw inTheWay(here, making.kind === 'directory' ? 'not a directory' : 'not a file');
}

/**
 * Make `path` itself a real directory or file: anything else of that name, a link first of all, is removed. The
 * parents may be links inside the tree.
 */
export function forceInside(
  tree: Tree,
  path: string,
  kind: MountpointKind,
): { real: string; made: string[] } {
  const parent =
    posix.dirname(path) === '/' ? { real: '/', made: [] } : forceParent(tree, posix.dirname(path));
  const here = posix.join(parent.real, posix.basename(path));
  const found = tree.lstat(bytes(here));
  if (found?.type === kind) return { real: here, made: parent.made };
  if (found !== undefined) tree.remove(bytes(here));
  const below = makeInside(tree, here, kind);
  return { real: below.real, made: [...parent.made, ...below.made] };
}

/** Links to directories are kept (`/etc -> usr/etc`), anything that is no directory goes. */
function forceParent(tree: Tree, path: string): { real: string; made: string[] } {
  if (statType(tree, path) === 'directory') return { real: realInside(tree, path), made: [] };
  return forceInside(tree, path, 'directory');
}

/** Like stat, with loops and links through files as "missing". */
export function statType(tree: Tree, path: string): string | undefined {
  try {
    return tree.stat(bytes(path))?.type;
  } catch (error) {
    if (errnoOf(error) === 'ELOOP' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function realInside(tree: Tree, path: string): string {
  return posix.resolve('/', tree.realpath(bytes(path)).toString());
}

export function bytes(path: string): Buffer {
  return Buffer.from(path);
}

function now<T extends { mtimeNs: bigint }>(meta: T): T {
  return { ...meta, mtimeNs: BigInt(Date.now()) * 1_000_000n };
}

function inTheWay(path: string, why: string): StrataError {
  return new StrataError('invalid-argument', 'MOUNTPOINT_INVALID', `${path} in the image is ${why}`, {
    hint: 'Choose another target',
  });
}
