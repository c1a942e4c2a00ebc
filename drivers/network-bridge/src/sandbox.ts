import { statfs } from 'node:fs/promises';

/** NSFS_MAGIC of statfs(2): something is mounted there that is a namespace, not an empty file left by a reboot. */
const NSFS_MAGIC = 0x6e73_6673;

export async function isSandbox(path: string | undefined): Promise<boolean> {
  if (path === undefined) return false;
  return statfs(path).then(
    ({ type }) => type === NSFS_MAGIC,
    () => false,
  );
}
