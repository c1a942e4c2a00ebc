import { type StatsFs, statfs } from 'node:fs';

/** statfs(2) f_type, from linux/magic.h. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x9123683e, 'btrfs'],
  [0x58465342, 'xfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlay'],
  [0x2fc12fc1, 'zfs'],
  [0xf2f52010, 'f2fs'],
  [0xca451a4e, 'bcachefs'],
  [0xe0f5e1e2, 'erofs'],
  [0x73717368, 'squashfs'],
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x65735546, 'fuse'],
  [0x01021997, '9p'],
  [0x4d44, 'vfat'],
  [0x2011bab0, 'exfat'],
]);

export interface FilesystemFacts {
  readonly type: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
}

/** Free space as an unprivileged writer sees it (`f_bavail`); an unknown type is its magic in hexadecimal. */
export async function filesystem(path: string): Promise<FilesystemFacts> {
  const facts = await new Promise<StatsFs>((resolve, reject) => {
    statfs(path, (error, result) => (error ? reject(error) : resolve(result)));
  });
  const magic = facts.type >>> 0;
  return {
    type: TYPES.get(magic) ?? `0x${magic.toString(16)}`,
    freeBytes: facts.bavail * facts.bsize,
    totalBytes: facts.blocks * facts.bsize,
    freeInodes: facts.ffree,
  };
}
