import { closeSync, readSync } from 'node:fs';
import type { Tree } from '@strata/core';
import { pathBytes, type RawPath } from '../path/raw-path.ts';
import type { Node } from './merged-view.ts';
import { isOverlayControl } from './overlay-marks.ts';

/** Give a directory the owner, mode, time and attributes it has in a parent. */
export function copyMetadata(from: Node, to: Tree, path: RawPath): void {
  const bytes = pathBytes(path);
  to.chown(bytes, from.stat.uid, from.stat.gid);
  to.chmod(bytes, from.stat.mode);
  for (const [name, value] of from.tree.xattrs(bytes)) {
    if (!isOverlayControl(name)) to.setXattr(bytes, name, value);
  }
  to.utimes(bytes, from.stat.mtimeNs);
}

/** Copy a file, link or node of a parent into the layer, so that it can be hard linked there. */
export function copyUp(from: Node, to: Tree, path: RawPath): void {
  const bytes = pathBytes(path);
  const { stat, tree } = from;
  if (stat.type === 'symlink') to.symlink(tree.readlink(bytes), bytes, stat);
  else if (stat.type === 'file') copyFile(from, to, bytes);
  else if (stat.type !== 'directory') to.mknod(bytes, stat.type, stat, stat.major, stat.minor);
}

function copyFile({ tree, stat }: Node, to: Tree, path: Uint8Array): void {
  const fd = tree.openRead(path);
  const writer = to.createFile(path);
  try {
    const buffer = Buffer.allocUnsafe(2 ** 18);
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) writer.write(buffer.subarray(0, n));
    const kept = [...tree.xattrs(path)].filter(([name]) => !isOverlayControl(name));
    writer.finish(stat, new Map(kept));
  } catch (error) {
    writer.abort();
    throw error;
  } finally {
    closeSync(fd);
  }
}
