import { errnoOf, type FileMeta } from '@strata/core';
import { badLayer } from '../layer-error.ts';
import { cleanPath, parentOf, pathBytes, type RawPath, showPath } from '../path/raw-path.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import type { TarReader } from '../tar/tar-reader.ts';
import { writeBody } from './file-body.ts';
import type { LayerRoot } from './layer-root.ts';
import { lookUp } from './merged-view.ts';
import { isOverlayControl, isWhiteout } from './overlay-marks.ts';
import { copyUp } from './parents.ts';
import { needsParents } from './whiteouts.ts';

/** uid_t is 32 bits and 2³²−1 means "leave it" to chown(2). */
const MAX_ID = 2 ** 32 - 2;
const MAX_TIME = 2n ** 63n - 1n;

/** Owner, mode and time as Linux can have them. Times before 1970 and after 2262 become 1970, as in containerd. */
export function metaOf(entry: TarEntry, path: RawPath): FileMeta {
  for (const id of [entry.uid, entry.gid]) {
    if (!(id >= 0 && id <= MAX_ID))
      throw badLayer('LAYER_BAD_OWNER', path, `has the impossible owner ${entry.uid}:${entry.gid}`);
  }
  const mtimeNs = entry.mtimeNs < 0n || entry.mtimeNs > MAX_TIME ? 0n : entry.mtimeNs;
  return { mode: entry.mode, uid: entry.uid, gid: entry.gid, mtimeNs };
}

/** Make one entry at its final path. False: there was nothing to make (an unknown type). */
export async function createEntry(
  root: LayerRoot,
  reader: TarReader,
  target: { readonly entry: TarEntry; readonly path: RawPath; readonly meta: FileMeta },
): Promise<void> {
  const { entry, path, meta } = target;
  const { tree } = root;
  const bytes = pathBytes(path);
  if (entry.type === 'file') await writeBody(root, reader, target);
  else if (entry.type === 'directory') makeDirectory(root, path, meta);
  else if (entry.type === 'hardlink') makeHardLink(root, entry, path);
  else if (entry.type === 'symlink')
    root.over(path, () => tree.symlink(linkTarget(entry, path), bytes, meta));
  else if (entry.type === 'fifo') root.over(path, () => tree.mknod(bytes, 'fifo', meta));
  else if (entry.type === 'char' || entry.type === 'block') {
    const { type, major, minor } = entry;
    checkDevice(entry, path);
    root.over(path, () => tree.mknod(bytes, type, meta, major, minor));
  }
  root.touch(path);
}

function makeDirectory(root: LayerRoot, path: RawPath, meta: FileMeta): void {
  const { tree } = root;
  const bytes = pathBytes(path);
  try {
    tree.mkdir(bytes, meta);
    return;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  if (tree.lstat(bytes)?.type !== 'directory') {
    root.clear(path);
    tree.mkdir(bytes, meta);
    // What stood here hid the parents' directory, if they have one; this one must not show it again.
    if (root.mode === 'overlay') root.markOpaque(path);
    return;
  }
  if (root.mode === 'execute' && !root.isOurs(path)) forgetXattrs(root, bytes);
  tree.chown(bytes, meta.uid, meta.gid);
  tree.chmod(bytes, meta.mode);
}

/** A directory of the layer has the layer's attributes only, as an overlay shows it. */
export function forgetXattrs(root: LayerRoot, path: Uint8Array): void {
  for (const name of root.tree.xattrs(path).keys()) {
    if (!isOverlayControl(name) && name !== 'security.selinux') root.tree.removeXattr(path, name);
  }
}

function linkTarget(entry: TarEntry, path: RawPath): Buffer {
  if (entry.linkName.length === 0) throw badLayer('LAYER_BAD_SYMLINK', path, 'is a symbolic link to nothing');
  if (entry.linkName.length > 4095)
    throw badLayer('LAYER_BAD_SYMLINK', path, 'is a symbolic link to more than 4095 bytes');
  return entry.linkName;
}

function checkDevice(entry: TarEntry, path: RawPath): void {
  const { type, major, minor } = entry;
  // makedev(3): Linux has 12 bits of major, 20 of minor.
  if (!(major >= 0 && major < 2 ** 12 && minor >= 0 && minor < 2 ** 20)) {
    throw badLayer('LAYER_BAD_DEVICE', path, `is a device with the impossible number ${major}:${minor}`);
  }
  if (isWhiteout({ type: type === 'char' ? 'char' : 'block', major, minor })) {
    throw badLayer(
      'LAYER_BAD_DEVICE',
      path,
      'is a 0:0 character device, which overlayfs takes for a deletion',
    );
  }
}

/**
 * The link gets no metadata of its own: it is the target's inode, and the target's entry has said what that is.
 * The target is not followed when it is a symlink, and must be there already: in this layer, or in a parent.
 */
function makeHardLink(root: LayerRoot, entry: TarEntry, path: RawPath): void {
  const name = cleanPath(entry.linkName.toString('latin1'));
  const target = name === '' ? undefined : root.find(name);
  if (target === undefined || target === path) {
    throw badLayer('LAYER_BAD_HARDLINK', path, `is a hard link to ${target === path ? 'itself' : 'nothing'}`);
  }
  const stat = root.tree.lstat(pathBytes(target));
  const missing = stat === undefined || (root.mode === 'overlay' && isWhiteout(stat));
  if (missing) fetchFromParents(root, path, stat === undefined ? target : undefined);
  else if (stat.type === 'directory')
    throw badLayer('LAYER_BAD_HARDLINK', path, 'is a hard link to a directory');
  try {
    root.over(path, () => root.tree.link(pathBytes(target), pathBytes(path)));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw badLayer('LAYER_BAD_HARDLINK', path, 'is a hard link to something inside itself');
    throw error;
  }
}

function fetchFromParents(root: LayerRoot, path: RawPath, target: RawPath | undefined): void {
  if (root.mode === 'overlay' && target !== undefined && !root.isHidden(parentOf(target))) {
    if (root.parents === undefined) throw needsParents(path, `is a hard link to ${showPath(target)}`);
    const found = lookUp(root.parents, target);
    if (found !== undefined && found.stat.type !== 'directory') {
      root.place(target);
      copyUp(found, root.tree, target);
      return;
    }
    if (found !== undefined) throw badLayer('LAYER_BAD_HARDLINK', path, 'is a hard link to a directory');
  }
  throw badLayer('LAYER_BAD_HARDLINK', path, 'is a hard link to something that is not there');
}
