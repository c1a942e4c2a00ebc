import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, type Namespaces, StrataError } from '@strata/core';
import { kindOfErrno } from '../errors.ts';
import { native } from '../native.ts';

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/** An empty file for the bind mount. One that a reboot left is as good. */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  }
}

async function unmountOnce(path: string): Promise<boolean> {
  try {
    await native().umount(path, MNT_DETACH | UMOUNT_NOFOLLOW);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EINVAL' || errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

export function createNamespaces(): Namespaces {
  return {
    async createNetwork(path) {
      makeFile(path);
      try {
        await native().networkNamespace(path);
      } catch (cause) {
        rmSync(path, { force: true });
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new StrataError(
          kindOfErrno(cause),
          'NAMESPACE_FAILED',
          `No network namespace can be made: ${why}`,
          {
            cause,
            hint: 'It needs root and a kernel with network namespaces; see /proc/sys/user/max_net_namespaces',
          },
        );
      }
    },
    async removeNetwork(path) {
      // Until nothing is there: whoever crashed and began again may have mounted twice.
      while (await unmountOnce(path));
      rmSync(path, { force: true });
    },
  };
}
