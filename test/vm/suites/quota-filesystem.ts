/** A filesystem in memory with project quotas on, as an administrator would make it. */
import { mkdir, mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '@strata/core';

export type QuotaType = 'xfs' | 'ext4';

export interface QuotaFilesystem extends AsyncDisposable {
  readonly directory: string;
}

const FORMAT: Readonly<Record<QuotaType, readonly [program: string, ...args: string[]]>> = {
  xfs: ['mkfs.xfs', '-q'],
  ext4: ['mkfs.ext4', '-q', '-O', 'quota,project', '-E', 'lazy_itable_init=1,lazy_journal_init=1'],
};

export async function createQuotaFilesystem(host: Host, type: QuotaType): Promise<QuotaFilesystem> {
  const base = await mkdtemp(`/dev/shm/strata-${type}-`);
  const [image, directory] = [join(base, 'image'), join(base, 'fs')];
  await mkdir(directory);
  const file = await open(image, 'wx', 0o600);
  await file.truncate(2 * 1024 ** 3);
  await file.close();
  const [program, ...args] = FORMAT[type];
  await host.exec.run(program, [...args, image], { timeout: 120_000 });
  await host.exec.run('mount', ['-t', type, '-o', 'loop,noatime,prjquota', '--', image, directory]);
  await rm(join(directory, 'lost+found'), { recursive: true, force: true });
  return {
    directory,
    [Symbol.asyncDispose]: async () => {
      await host.mounter.unmount(directory);
      await rm(image);
      await rmdir(directory);
      await rmdir(base);
    },
  };
}
