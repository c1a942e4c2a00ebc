/**
 * A power cut, as a disk sees it: the bytes that had reached the loop device's file at that moment, mounted again
 * somewhere else. What was only in the page cache is not among them.
 */
import { mkdtemp, readFile, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Host, MountInfo } from '@strata/core';
import { NotApplicable } from '../runner/case.ts';

/** Copy the disk below `root` as it is now and hand the same directory on the copy to `use`. */
export async function afterPowerCut<T>(
  host: Host,
  root: string,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const mount = await mountOf(host, root);
  const disk = await backingFile(mount);
  const home = await mkdtemp(join(dirname(disk), 'power-cut-'));
  const [copy, directory] = [join(home, 'image'), join(home, 'fs')];
  try {
    await host.exec.run('cp', ['--sparse=always', '--', disk, copy], { timeout: 120_000 });
    // The original is still mounted, and btrfs knows filesystems by their id.
    if (mount.type === 'btrfs') await host.exec.run('btrfstune', ['-f', '-m', copy]);
    await host.exec.run('mkdir', ['--', directory]);
    const options = mount.type === 'xfs' ? 'loop,nouuid' : 'loop';
    await host.exec.run('mount', ['-t', mount.type, '-o', options, '--make-private', '--', copy, directory]);
    return await use(join(directory, relative(mount.target, root)));
  } finally {
    await host.mounter.unmount(directory);
    await rm(copy, { force: true });
    await rmdir(directory).catch(() => undefined);
    await rmdir(home);
  }
}

async function mountOf(host: Host, root: string): Promise<MountInfo> {
  const above = (await host.mounter.list()).filter(
    ({ target }) => root === target || root.startsWith(`${target}/`),
  );
  const nearest = above.sort((a, b) => b.target.length - a.target.length)[0];
  if (nearest?.source.startsWith('/dev/loop')) return nearest;
  throw new NotApplicable(
    `the root is on ${nearest?.type ?? 'an unknown filesystem'}, not on a loop device to cut off`,
  );
}

async function backingFile({ source }: MountInfo): Promise<string> {
  return (await readFile(`/sys/block/${basename(source)}/loop/backing_file`, 'utf8')).trim();
}
