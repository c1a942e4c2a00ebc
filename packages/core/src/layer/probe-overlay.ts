import type { DriverContext, ProbeResult } from '../driver/driver-definition.ts';
import type { Tree } from '../host/tree.ts';
import type { Mount } from '../mount/mount.ts';

type Place = Pick<DriverContext, 'root' | 'host' | 'log'>;

const META = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };

export interface OverlayProbe {
  /** As in messages: `an overlay`, `fuse-overlayfs`. */
  readonly name: string;
  /** Filesystem type of the mount. */
  readonly type: string;
  /** Besides `lowerdir`, `upperdir` and `workdir`. */
  readonly options: readonly string[];
  /** What to do about it, given the type of the root's filesystem. */
  hint(filesystem: string): string;
}

/**
 * Mounts an overlay of real directories below `root` and looks whether it does what layers need: a recorded whiteout
 * and an opaque directory hide what is below (which also needs a filesystem that reports d_type), and a write lands
 * in the upper directory. Leaves nothing.
 */
export async function probeOverlayMount(
  { root, host, log }: Place,
  probe: OverlayProbe,
): Promise<ProbeResult> {
  const directory = `.probe-${crypto.randomUUID()}`;
  const unsupported = async (reason: string): Promise<ProbeResult> => {
    const type = await host.files.filesystem(root).then(
      (found) => found.type,
      () => 'unknown',
    );
    return { supported: false, reason, hint: probe.hint(type) };
  };
  try {
    const fault = await tryStack({ root, host, log }, directory, probe);
    if (fault !== undefined) return await unsupported(`${probe.name} mounts here but ${fault}`);
    return { supported: true, detail: `on ${(await host.files.filesystem(root)).type}` };
  } catch (error) {
    return await unsupported(`cannot mount ${probe.name} in ${root}: ${(error as Error).message}`);
  } finally {
    await host.files.removeTree(`${root}/${directory}`).catch((error: unknown) => {
      log.warn('could not remove the probe of a driver', { root, directory, error });
    });
  }
}

async function tryStack(
  { root, host }: Place,
  directory: string,
  { type, options }: OverlayProbe,
): Promise<string | undefined> {
  using tree = host.files.openTree(root);
  const at = (path: string) => Buffer.from(`${directory}/${path}`);
  for (const path of ['', 'low', 'low/dir', 'top', 'top/dir', 'up', 'work']) tree.mkdir(at(path));
  for (const path of ['low/gone', 'low/stays', 'low/dir/hidden'])
    tree.writeFile(at(path), Buffer.from('x'), META);
  tree.mknod(at('top/gone'), 'char', META, 0, 0);
  tree.setXattr(at('top/dir'), 'trusted.overlay.opaque', Buffer.from('y'));
  const mount: Mount = {
    type,
    source: 'overlay',
    base: `${root}/${directory}`,
    options: ['rw', ...options, 'lowerdir=top:low', 'upperdir=up', 'workdir=work'],
  };
  return await host.mounter.withMounted([mount], async (target) => {
    using merged = host.files.openTree(target);
    if (names(merged, '.') !== 'dir,stays' || merged.lstat(Buffer.from('gone')))
      return 'does not honour whiteouts';
    if (names(merged, 'dir') !== '') return 'does not honour opaque directories';
    merged.writeFile(Buffer.from('new'), Buffer.from('x'), META);
    merged.chmod(Buffer.from('stays'), 0o700);
    const landed = tree.lstat(at('up/new')) && tree.lstat(at('up/stays'));
    return landed && tree.lstat(at('low/stays'))?.mode === 0o755
      ? undefined
      : 'writes do not reach its upper directory';
  });
}

function names(tree: Tree, path: string): string {
  return tree
    .readdir(Buffer.from(path))
    .map((entry) => entry.name.toString())
    .sort()
    .join(',');
}
