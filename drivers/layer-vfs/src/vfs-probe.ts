import type { DriverContext, ProbeResult } from '@strata/core';

const OWNER = { mode: 0o640, uid: 12_345, gid: 54_321, mtimeNs: 1_234_567_890_123_456_789n };

/** A filesystem will do when files keep owners and modes and devices can be made. Tries both. */
export async function probeVfs({ root, host }: DriverContext<Record<string, never>>): Promise<ProbeResult> {
  const probe = Buffer.from(`.probe-${crypto.randomUUID()}`);
  const inside = (name: string) => Buffer.concat([probe, Buffer.from(`/${name}`)]);
  try {
    using tree = host.files.openTree(root);
    try {
      tree.mkdir(probe);
      tree.writeFile(inside('file'), Buffer.from('x'), OWNER);
      tree.mknod(inside('null'), 'char', OWNER, 1, 3);
      const stat = tree.lstat(inside('file'));
      if (stat?.uid !== OWNER.uid || stat.gid !== OWNER.gid || stat.mode !== OWNER.mode) {
        return {
          supported: false,
          reason: `the filesystem of ${root} does not keep owners and modes`,
          hint: 'put --root on a Linux filesystem such as ext4, xfs or btrfs',
        };
      }
    } finally {
      tree.remove(probe);
    }
    return { supported: true, detail: `on ${(await host.files.filesystem(root)).type}` };
  } catch (error) {
    return {
      supported: false,
      reason: `cannot make files with owners and devices in ${root}: ${(error as Error).message}`,
      hint: 'run as root, on a filesystem that is writable and keeps owners and devices',
    };
  }
}
