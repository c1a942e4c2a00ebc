import { closeSync, existsSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';

/** BTRFS_IOC_QUOTA_CTL with BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA (linux/btrfs.h): btrfs-progs before 6.7 cannot say it. False where Linux is older than 6.7. */
export function enableSimpleQuotas(directory: string): boolean {
  const native = createRequire(import.meta.url)('../../../packages/native/index.cjs') as {
    load(): { ioctl(fd: number, request: number, argument: Buffer): unknown };
  };
  const fd = openSync(directory, 'r');
  const argument = Buffer.alloc(16);
  argument.writeBigUInt64LE(4n);
  try {
    native.load().ioctl(fd, 0xc0109428, argument);
    return existsSync('/sys/fs/btrfs/features/simple_quota');
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
