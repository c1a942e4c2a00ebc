/** The words of mkfs.erofs(1), here and nowhere else. */
import type { Exec } from '@strata/core';
import type { ErofsOptions } from './erofs-options.ts';

/**
 * Pack a directory: owners, modes, devices, hard links and all extended attributes as they are, times to the
 * nanosecond (`--preserve-mtime`; without it those equal to the build time are dropped).
 */
export async function makeImage(
  exec: Exec,
  { directory, file }: { readonly directory: string; readonly file: string },
  { compression }: ErofsOptions,
): Promise<void> {
  const compress = compression === 'none' ? [] : [`-z${compression}`];
  const args = ['--quiet', '--preserve-mtime', ...compress, '--', file, directory];
  await exec.run('mkfs.erofs', args, { timeout: 0 });
}
