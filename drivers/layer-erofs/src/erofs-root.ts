import { makeLayerRoot, type Tree } from '@strata/core';

/** An empty directory with all that is on another, what concerns one layer alone included. */
export function copyRoot(tree: Tree, from: Buffer, to: Buffer): void {
  makeLayerRoot(tree, to);
  for (const [name, value] of tree.xattrs(from)) tree.setXattr(to, name, value);
  const stat = tree.lstat(from);
  if (stat === undefined) return;
  tree.chown(to, stat.uid, stat.gid);
  tree.chmod(to, stat.mode);
  tree.utimes(to, stat.mtimeNs);
}
