/**
 * The root directory of a layer. In a merged view the uppermost root directory wins with its mode, owner and
 * xattrs, so a new layer must start with its parent's or `/` of an image that says 0555 becomes 0755.
 */
import type { Tree } from '@strata/core';

const NEW_MODE = 0o755;
/** The kernel's and the unpacker's notes about one layer; they say nothing about the next. */
const OWN_XATTR = /^(trusted|user)\.overlay\./;

/** Make directory `to` with the attributes of directory `from`. */
export function inheritRoot(tree: Tree, from: Buffer, to: Buffer): void {
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
export function isUntouchedRoot(tree: Tree, path: Buffer): boolean {
  const stat = tree.lstat(path);
  if (stat === undefined || stat.mode !== NEW_MODE || stat.uid !== 0 || stat.gid !== 0) return false;
  if ([...tree.xattrs(path).keys()].some((name) => !OWN_XATTR.test(name))) return false;
  return stat.mtimeNs === stat.ctimeNs || tree.readdir(path).length === 0;
}

export function makeRoot(tree: Tree, path: Buffer): void {
  tree.mkdir(path);
  tree.chmod(path, NEW_MODE); // whatever the umask
}

/** An empty directory with all that is on another, what concerns one layer alone included. */
export function copyRoot(tree: Tree, from: Buffer, to: Buffer): void {
  makeRoot(tree, to);
  for (const [name, value] of tree.xattrs(from)) tree.setXattr(to, name, value);
  const stat = tree.lstat(from);
  if (stat === undefined) return;
  tree.chown(to, stat.uid, stat.gid);
  tree.chmod(to, stat.mode);
  tree.utimes(to, stat.mtimeNs);
}
