/**
 * A layer in a filesystem of its own: `<root>/<id>/disk.img`, a sparse file with ext4, has the `fs` and `work` that other
 * layers have beside it; there, both stay empty. It is mounted in three steps, all at and below the target (`Mount.base`):
 *
 * 1. the driver's directory is bound to the target,
 * 2. the image is mounted on `<id>/disk` there, or once more where it is mounted already,
 * 3. an overlay of directories named relative to the target covers it all.
 *
 * So the layers below are read where they are, and unmounting the target takes everything away again.
 */
import {
  type Host,
  inheritLayerRoot,
  type LayerUsage,
  type Mount,
  StrataError,
  type Tree,
} from '@strata/core';
import { overlayMount, type Stacking } from './overlay-mount.ts';

const IMAGE = 'disk.img';
const NEW_IMAGE = 'disk.new';
const SEED = 'seed';
const BLOCK = 512;
/** A journal and the tables of less would leave hardly anything. */
const LEAST_BYTES = 16 * 1024 ** 2;
/** Where the image is mounted, below the layer's directory. */
const MOUNTPOINT = 'disk';

/** `-d`: the image is born with the directories. Tables are zero in a new sparse file and need not be written. */
const FORMAT = ['-q', '-m', '0', '-b', '4096', '-i', '8192', '-O', '^resize_inode'];
const EXTENDED = ['-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1'];
/** What is deleted inside goes back to the filesystem outside. */
const OPTIONS = ['loop', 'discard', 'noinit_itable'];

const at = (id: string, name: string) => Buffer.from(`${id}/${name}`);

export function isBacked(tree: Tree, id: string): boolean {
  return tree.lstat(at(id, IMAGE)) !== undefined;
}

/** Always writable: the same image cannot be mounted both ways, and an overlay of it says for itself what it is. */
export function imageMount(tree: Tree, id: string): Mount {
  return { type: 'ext4', source: `${tree.path}/${id}/${IMAGE}`, options: OPTIONS };
}

/** Appears in one rename; before that the layer is as it was. */
export async function makeImage(host: Pick<Host, 'exec'>, tree: Tree, id: string, bytes: number) {
  if (bytes < LEAST_BYTES)
    throw new StrataError(
      'invalid-argument',
      'LOOP_TOO_SMALL',
      'A container in a file needs at least 16 MiB',
    );
  const directory = `${tree.path}/${id}`;
  for (const name of [SEED, NEW_IMAGE]) tree.remove(at(id, name));
  tree.mkdir(at(id, SEED));
  for (const name of ['fs', 'work']) {
    tree.mkdir(at(id, `${SEED}/${name}`));
    inheritLayerRoot(tree, at(id, name), at(id, `${SEED}/${name}`));
  }
  if (tree.lstat(at(id, MOUNTPOINT)) === undefined) tree.mkdir(at(id, MOUNTPOINT));
  const image = tree.createFile(at(id, NEW_IMAGE));
  image.hole(bytes);
  image.finish({ mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n });
  const seed = ['-d', `${directory}/${SEED}`, `${directory}/${NEW_IMAGE}`];
  await host.exec.run('mkfs.ext4', [...FORMAT, ...EXTENDED, ...seed], { timeout: 120_000 });
  tree.rename(at(id, NEW_IMAGE), at(id, IMAGE));
  tree.remove(at(id, SEED));
}

export function backedMounts(stacking: Omit<Stacking, 'disk'>): Mount[] {
  const { tree, layer } = stacking;
  return [
    { type: 'bind', source: tree.path, options: ['bind'] },
    { ...imageMount(tree, layer.id), target: `${layer.id}/${MOUNTPOINT}` },
    overlayMount({ ...stacking, disk: MOUNTPOINT }),
  ];
}

/** Move what is in the image to the directory beside it. Repeatable: the image goes last. */
export async function leaveImage(host: Pick<Host, 'files' | 'mounter'>, tree: Tree, id: string) {
  const target = `${tree.path}/${id}/fs`;
  for (const { name } of tree.readdir(at(id, 'fs')))
    tree.remove(Buffer.concat([Buffer.from(`${id}/fs/`), name]));
  await host.mounter.withMounted([imageMount(tree, id)], (directory) =>
    host.files.copyTree(`${directory}/fs`, target),
  );
  await host.files.syncfs(target);
  tree.remove(at(id, IMAGE));
}

/** What the file takes on disk, once what is mounted of it has been written there. */
export async function imageUsage(
  host: Pick<Host, 'files' | 'mounter'>,
  tree: Tree,
  id: string,
): Promise<LayerUsage> {
  for (const target of await mountpoints(host, tree, id)) await host.files.syncfs(target);
  return { bytes: (tree.lstat(at(id, IMAGE))?.blocks ?? 0) * BLOCK, inodes: 1 };
}

/** Where it is mounted, which an overlay covers; syncing that syncs what it writes to. */
async function mountpoints({ mounter, files }: Pick<Host, 'files' | 'mounter'>, tree: Tree, id: string) {
  const ending = `/${id}/${MOUNTPOINT}`;
  const found = (await mounter.list()).filter(
    ({ type, target }) => type === 'ext4' && target.endsWith(ending),
  );
  return found
    .filter(({ source }) => backingFile(files, source) === `${tree.path}/${id}/${IMAGE}`)
    .map(({ target }) => target.slice(0, -ending.length));
}

function backingFile(files: Host['files'], device: string): string | undefined {
  try {
    using devices = files.openTree('/sys');
    const path = Buffer.from(`block/${device.slice('/dev/'.length)}/loop/backing_file`);
    return devices.readFile(path, { maxBytes: 8192 })?.toString().trimEnd();
  } catch {
    return undefined; // unmounted meanwhile
  }
}
