/**
 * A filesystem of its own for a suite: an image file on a loop device, or a tmpfs, mounted in a directory that is
 * gone afterwards. A driver is then tested on exactly the filesystem it says it works on, whatever the machine has.
 */
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '@strata/core';

export const testFilesystems = ['ext4', 'btrfs', 'xfs', 'tmpfs'] as const;
export type TestFilesystemType = (typeof testFilesystems)[number];

export interface TestFilesystem extends AsyncDisposable {
  readonly type: TestFilesystemType;
  /** Empty, root's, mode 0755. */
  readonly directory: string;
}

export interface TestFilesystemOptions {
  readonly type: TestFilesystemType;
  /** Bytes of the sparse image; default 1 GiB. */
  readonly size?: number;
  /** Where the image and the mountpoint go; default /dev/shm, so in memory. */
  readonly home?: string;
}

const FORMAT = {
  ext4: ['mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=1,lazy_journal_init=1'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
  xfs: ['mkfs.xfs', '-q', '-f'],
} as const;

/** As root. @throws unsupported when its mkfs is not installed */
export async function createTestFilesystem(
  host: Host,
  { type, size = 1024 ** 3, home = '/dev/shm' }: TestFilesystemOptions,
): Promise<TestFilesystem> {
  const base = await mkdtemp(join(home, 'strata-test-'));
  const directory = join(base, 'fs');
  const image = join(base, 'image');
  const dispose = async (): Promise<void> => {
    await host.mounter.unmount(directory);
    await rm(image, { force: true });
    await rmdir(directory).catch(() => undefined);
    await rmdir(base).catch(() => undefined);
  };
  try {
    await host.exec.run('mkdir', ['-m', '0755', '--', directory]);
    if (type === 'tmpfs') await mountTmpfs(host, directory, size);
    else await mountImage(host, { type, image, directory, size });
  } catch (error) {
    await dispose();
    throw error;
  }
  return { type, directory, [Symbol.asyncDispose]: dispose };
}

async function mountTmpfs(host: Host, directory: string, size: number): Promise<void> {
  const options = ['-o', `size=${size},mode=0755`, '--make-private'];
  await host.exec.run('mount', ['-t', 'tmpfs', ...options, '--', 'strata-test', directory]);
}

async function mountImage(
  { exec }: Host,
  parts: { readonly type: keyof typeof FORMAT; image: string; directory: string; size: number },
): Promise<void> {
  const { type, image, directory, size } = parts;
  const file = await open(image, 'wx', 0o600);
  await file.truncate(size);
  await file.close();
  const [program, ...args] = FORMAT[type];
  await exec.run(program, [...args, image], { timeout: 120_000 });
  await exec.run('mount', ['-t', type, '-o', 'loop,noatime', '--make-private', '--', image, directory]);
  await rm(join(directory, 'lost+found'), { recursive: true, force: true });
}
