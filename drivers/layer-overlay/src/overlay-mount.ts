/**
 * How a stack of directories becomes one mount.
 *
 * ## Options
 * They keep a layer's directory the whole truth about the layer, whatever the kernel was configured with (Linux
 * Documentation/filesystems/overlayfs.rst):
 * - `index=off`, as containerd and moby: with an index an upper directory is bound to its lower ones, and one that
 *   was unpacked before its parents were known, or copied, is refused with ESTALE.
 * - `redirect_dir=off`: a renamed directory would be a name and an xattr, which a diff of the layer cannot read
 *   (moby and containers/storage give up their native diff where it is on). The price is EXDEV, which mv(1) handles.
 * - `metacopy=off`: a chmod would leave a file without its data in the layer.
 *
 * ## Length
 * mount(2) takes at most a page of data. Paths are relative to `Mount.base`, `<id>/fs` each, which is enough for
 * stacks of about 200; deeper ones name numbered links (`0`, `1`, …) in a directory of their own, {@link LINKS}.
 */
import { errnoOf, type Files, type Layer, type Mount, type Tree } from '@strata/core';

/** Below the layer's directory; link `n` leads to the directory of its n-th parent. */
export const LINKS = 'l';
/** mount(2) copies one page; the smallest has 4096 bytes, the last of which is the terminating NUL. */
const PAGE = 4096 - 1;
const PARAMETERS = '/sys/module/overlay/parameters';
const OPTIONS = ['index', 'redirect_dir', 'metacopy'];
/** Upper, work and the three options, with the longest id. */
const OVERHEAD = 160;

/** An option the running kernel does not know would fail the mount, so only those with a parameter are given. */
export function overlayOptions(files: Files): string[] {
  try {
    using tree = files.openTree(PARAMETERS);
    return OPTIONS.filter((name) => tree.lstat(Buffer.from(name))).map((name) => `${name}=off`);
  } catch {
    return []; // not loaded yet: the kernel loads it with the first mount, with its defaults
  }
}

export function needsLinks({ parents }: Layer): boolean {
  return parents.reduce((bytes, parent) => bytes + parent.length + '/fs:'.length, OVERHEAD) > PAGE;
}

const linkTo = (parent: string) => Buffer.from(`../../${parent}/fs`);

/** False where parents are other than when the links were made, or making them was interrupted. */
export function hasLinks(tree: Tree, { id, parents }: Layer): boolean {
  if (!tree.lstat(Buffer.from(`${id}/${LINKS}/${parents.length - 1}`))) return false;
  return parents.every((parent, n) =>
    tree.readlink(Buffer.from(`${id}/${LINKS}/${n}`)).equals(linkTo(parent)),
  );
}

/**
 * Make the links of a deep layer, in order, anew: hard links to those of its nearest parent where it has them, which
 * lead to the same place from here, so that a deep stack costs one inode more per layer.
 */
export function makeLinks(tree: Tree, { id, parents }: Layer): void {
  const directory = `${id}/${LINKS}`;
  tree.remove(Buffer.from(directory));
  tree.mkdir(Buffer.from(directory));
  const [nearest, ...rest] = parents;
  const shared = nearest !== undefined && needsLinks({ id: nearest, parents: rest });
  for (const [n, parent] of parents.entries()) {
    const path = Buffer.from(`${directory}/${n}`);
    if (shared && n > 0 && linked(tree, Buffer.from(`${nearest}/${LINKS}/${n - 1}`), path)) continue;
    tree.symlink(linkTo(parent), path, { uid: 0, gid: 0, mtimeNs: 0n });
  }
}

/** False where the filesystem's limit of hard links is reached (EMLINK, ext4 65 000), or it has none. */
function linked(tree: Tree, existing: Buffer, path: Buffer): boolean {
  try {
    tree.link(existing, path);
    return true;
  } catch (error) {
    if (['EMLINK', 'ENOENT', 'EPERM'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/**
 * The directories a mount shows, nearest first, as indexes: 0 is the layer itself, n its n-th parent. They end at
 * the first whose root is opaque: the kernel honours `trusted.overlay.opaque` on every directory except the root
 * of a layer, so that a layer that hides everything below it has to be expressed here.
 */
export function visibleStack(tree: Tree, { id, parents }: Layer): number[] {
  const stack: number[] = [];
  for (const [n, each] of [id, ...parents].entries()) {
    stack.push(n);
    if (
      tree
        .xattrs(Buffer.from(`${each}/fs`))
        .get('trusted.overlay.opaque')
        ?.toString() === 'y'
    )
      break;
  }
  return stack;
}

export interface Stacking {
  readonly tree: Tree;
  readonly layer: Layer;
  readonly access: 'rw' | 'ro';
  readonly options: readonly string[];
}

export function overlayMount({ tree, layer, access, options }: Stacking): Mount {
  const { id, parents } = layer;
  const stack = visibleStack(tree, layer);
  if (stack.length === 1) {
    return { type: 'bind', source: `${tree.path}/${id}/fs`, options: ['bind', access] };
  }
  const deep = needsLinks(layer);
  const up = deep ? '../' : `${id}/`;
  const lower = stack.slice(1).map((n) => (deep ? String(n - 1) : `${parents[n - 1]}/fs`));
  return {
    type: 'overlay',
    source: 'overlay',
    base: deep ? `${tree.path}/${id}/${LINKS}` : tree.path,
    options: [
      access,
      ...options,
      ...(access === 'rw'
        ? [`lowerdir=${lower.join(':')}`, `upperdir=${up}fs`, `workdir=${up}work`]
        : [`lowerdir=${[`${up}fs`, ...lower].join(':')}`]),
    ],
  };
}
