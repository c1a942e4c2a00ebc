import type { DriverContext, Host, Mount, ProbeResult, Tree } from '@strata/core';
import { TYPE } from './fuse-overlayfs-mount.ts';

const META = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };

const PROGRAMS = ['fuse-overlayfs', 'mount.fuse'];

/**
 * Mounts real directories in the driver's root and looks whether it does what layers need: a recorded whiteout and
 * an opaque directory hide what is below, and a write lands in the upper directory.
 */
export async function probeFuseOverlayfs({
  root,
  host,
}: DriverContext<Record<string, never>>): Promise<ProbeResult> {
  const found = await Promise.all(PROGRAMS.map((program) => host.exec.find(program)));
  const missing = PROGRAMS.find((_, n) => found[n] === undefined);
  if (missing !== undefined)
    return {
      supported: false,
      reason: `the program ${missing} is not installed`,
      hint: 'apt-get install fuse-overlayfs fuse3',
    };
  const name = `.probe-${crypto.randomUUID()}`;
  try {
    const fault = await tryMount(host, root, name);
    if (fault === undefined) return { supported: true, detail: await describe(host, root) };
    return { supported: false, reason: fault, hint: await hint(host, root) };
  } catch (error) {
    return {
      supported: false,
      reason: `cannot mount fuse-overlayfs in ${root}: ${(error as Error).message}`,
      hint: await hint(host, root),
    };
  } finally {
    await host.files.removeTree(`${root}/${name}`).catch((error: unknown) => {
      host.log.warn('could not remove the probe of fuse-overlayfs', { root, name, error });
    });
  }
}

async function tryMount(host: Host, root: string, name: string): Promise<string | undefined> {
  using tree = host.files.openTree(root);
  const at = (path: string) => Buffer.from(`${name}/${path}`);
  for (const path of ['', 'low', 'low/dir', 'top', 'top/dir', 'up', 'work']) tree.mkdir(at(path));
  for (const path of ['low/gone', 'low/stays', 'low/dir/hidden'])
    tree.writeFile(at(path), Buffer.from('x'), META);
  tree.mknod(at('top/gone'), 'char', META, 0, 0);
  tree.setXattr(at('top/dir'), 'trusted.overlay.opaque', Buffer.from('y'));
  const mount: Mount = {
    type: TYPE,
    source: 'overlay',
    base: `${root}/${name}`,
    options: ['rw', 'lowerdir=top:low', 'upperdir=up', 'workdir=work'],
  };
  return await host.mounter.withMounted([mount], async (directory) => {
    using merged = host.files.openTree(directory);
    if (names(merged, '.') !== 'dir,stays' || merged.lstat(Buffer.from('gone'))) {
      return 'fuse-overlayfs mounts here but does not honour whiteouts';
    }
    if (names(merged, 'dir') !== '')
      return 'fuse-overlayfs mounts here but does not honour opaque directories';
    merged.writeFile(Buffer.from('new'), Buffer.from('x'), META);
    merged.chmod(Buffer.from('stays'), 0o700);
    return tree.lstat(at('up/new')) &&
      tree.lstat(at('up/stays')) &&
      tree.lstat(at('low/stays'))?.mode === 0o755
      ? undefined
      : 'fuse-overlayfs mounts here but writes do not reach its upper directory';
  });
}

function names(tree: Tree, path: string): string {
  return tree
    .readdir(Buffer.from(path))
    .map((entry) => entry.name.toString())
    .sort()
    .join(',');
}

async function describe(host: Host, root: string): Promise<string> {
  return `on ${(await host.files.filesystem(root)).type}`;
}

async function hint(host: Host, root: string): Promise<string> {
  const type = await host.files.filesystem(root).then(
    (found) => found.type,
    () => 'unknown',
  );
  return `run as root with /dev/fuse (modprobe fuse), with --root on a writable filesystem with xattrs; here it is ${type}`;
}
