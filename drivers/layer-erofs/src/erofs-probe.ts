import type { DriverContext, Host, Layer, ProbeResult } from '@strata/core';
import { ErofsLayerDriver } from './erofs-layer-driver.ts';
import type { ErofsOptions } from './erofs-options.ts';

const META = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 1n };
const BASE: Layer = { id: 'base', parents: [] };
const TOP: Layer = { id: 'top', parents: ['base'] };

/** Packs a directory, stacks another on it and writes to that, in a directory of its own below the root. */
export async function probeErofs(context: DriverContext<ErofsOptions>): Promise<ProbeResult> {
  const { root, host, log } = context;
  if ((await host.exec.find('mkfs.erofs')) === undefined)
    return {
      supported: false,
      reason: 'the program mkfs.erofs is not installed',
      hint: 'apt-get install erofs-utils',
    };
  const place = `${root}/.probe-${crypto.randomUUID()}`;
  try {
    const fault = await tryStack(context, place);
    if (fault !== undefined) return { supported: false, reason: fault, hint: hint(root) };
    return { supported: true, detail: `images read as ${await backingOf(host, place)}` };
  } catch (error) {
    const reason = `cannot mount an image under an overlay in ${root}: ${(error as Error).message}`;
    return { supported: false, reason, hint: hint(root) };
  } finally {
    await host.files.removeTree(place).catch((error: unknown) => {
      log.warn('could not remove the probe of erofs', { place, error });
    });
  }
}

async function tryStack(
  { root, host, log, options }: DriverContext<ErofsOptions>,
  place: string,
): Promise<string | undefined> {
  {
    using tree = host.files.openTree(root);
    tree.mkdir(Buffer.from(place.slice(root.length + 1)));
  }
  const driver = new ErofsLayerDriver(place, { ...host, log }, options);
  await driver.create(BASE);
  using tree = host.files.openTree(place);
  tree.writeFile(Buffer.from('base/fs/gone'), Buffer.from('x'), META);
  tree.writeFile(Buffer.from('base/fs/stays'), Buffer.from('x'), META);
  tree.setXattr(Buffer.from('base/fs/stays'), 'trusted.strata', Buffer.from('y'));
  await driver.seal(BASE);
  await driver.create(TOP);
  return await host.mounter.withMounted(await driver.mounts(TOP, 'rw'), async (directory) => {
    using merged = host.files.openTree(directory);
    merged.unlink(Buffer.from('gone'));
    merged.chmod(Buffer.from('stays'), 0o600);
    const kept = merged.xattrs(Buffer.from('stays')).get('trusted.strata')?.toString() === 'y';
    if (!kept) return 'the kernel reads EROFS images but not their extended attributes';
    return tree.lstat(Buffer.from('top/fs/stays')) && tree.lstat(Buffer.from('top/fs/gone'))
      ? undefined
      : 'an overlay on an image mounts here but writes do not reach its upper directory';
  });
}

async function backingOf(host: Host, place: string): Promise<string> {
  const source = `${place}/base/image.erofs`;
  return host.mounter
    .withMounted([{ type: 'erofs', source, options: ['ro'] }], async () => 'files')
    .catch(() => 'loop devices');
}

function hint(root: string): string {
  return `run as root on a kernel with erofs and overlay, with ${root} on ext4, xfs, btrfs or tmpfs`;
}
