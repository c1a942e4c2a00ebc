/**
 * The root directory of a layer that holds its changes alone. In a merged view the uppermost root directory wins with
 * its mode, owner and xattrs, so a new layer must start with its parent's or `/` of an image that says 0555 becomes 0755.
 */
import type { Tree } from '../host/tree.ts';

const NEW_MODE = 0o755;
const OPAQUE = 'trusted.overlay.opaque';
/** The kernel's and the unpacker's notes about one layer; they say nothing about the next. */
const OWN_XATTR = /^(trusted|user)\.overlay\./;

/** The root directory of a layer without parents: 0755, whatever the umask. */
export function makeLayerRoot(tree: Tree, path: Uint8Array): void {
  tree.mkdir(path);
  tree.chmod(path, NEW_MODE);
}

/** Give directory `to` the attributes of directory `from`, its parent layer's root. */
export function inheritLayerRoot(tree: Tree, from: Uint8Array, to: Uint8Array): void {
  const parent = tree.lstat(from);
  if (parent === undefined) return;
  tree.chown(to, parent.uid, parent.gid);
  tree.chmod(to, parent.mode);
  for (const [name, value] of tree.xattrs(from)) {
    if (!OWN_XATTR.test(name)) tree.setXattr(to, name, value);
  }
  tree.utimes(to, parent.mtimeNs);
}

/**
 * Was this root directory left as it was made? True when its layer's tar had no entry for it: making entries
 * in a directory moves its mtime and ctime together, only setting its time explicitly lets them differ.
 */
export function isUntouchedLayerRoot(tree: Tree, path: Uint8Array): boolean {
  const stat = tree.lstat(path);
  if (stat === undefined || stat.mode !== NEW_MODE || stat.uid !== 0 || stat.gid !== 0) return false;
  if ([...tree.xattrs(path).keys()].some((name) => !OWN_XATTR.test(name))) return false;
  return stat.mtimeNs === stat.ctimeNs || tree.readdir(path).length === 0;
}

/**
 * How many of these layers a stack shows, given their root directories, uppermost first: up to the first that is
 * opaque. The kernel honours `trusted.overlay.opaque` on every directory except the root of a layer, so that a layer
 * that hides everything below it has to be expressed by leaving that out of the mount.
 */
export function visibleLayers(tree: Tree, roots: readonly Uint8Array[]): number {
  const last = roots.findIndex((root) => tree.xattrs(root).get(OPAQUE)?.toString() === 'y');
  return last < 0 ? roots.length : last + 1;
}
