import type { DriverContext, ProbeResult } from '@strata/core';

const OWNED = { mode: 0o640, uid: 12_345, gid: 54_321, mtimeNs: 1_234_567_890_123_456_789n };

/** Try what the driver needs, where it will need it; leave nothing behind. */
export async function probeExample({ root, host }: DriverContext): Promise<ProbeResult> {
  const probe = Buffer.from(`.probe-${crypto.randomUUID()}`);
  const inside = (name: string) => Buffer.from(`${probe}/${name}`);
  try {
    using tree = host.files.openTree(root);
    try {
      tree.mkdir(probe);
      tree.writeFile(inside('file'), Buffer.from('x'), OWNED);
      tree.mknod(inside('device'), 'char', OWNED, 1, 3);
      const sharing = await host.files.reflink(`${root}/${probe}/file`, `${root}/${probe}/copy`);
      return { supported: true, detail: sharing ? 'copies share blocks' : 'copies take their full size' };
    } finally {
      tree.remove(probe);
    }
  } catch (error) {
    return {
      supported: false,
      reason: `cannot make files with owners and devices in ${root}: ${(error as Error).message}`,
      hint: 'Run as root, with --root on a writable Linux filesystem such as btrfs, xfs or ext4',
    };
  }
}
