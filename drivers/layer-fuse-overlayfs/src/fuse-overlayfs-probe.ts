import { type DriverContext, type ProbeResult, probeOverlayMount } from '@strata/core';
import { TYPE } from './fuse-overlayfs-mount.ts';

const PROGRAMS = ['fuse-overlayfs', 'mount.fuse'];

/** Are its programs there, and does a mount by them do what layers need? */
export async function probeFuseOverlayfs(
  context: DriverContext<Record<string, never>>,
): Promise<ProbeResult> {
  const found = await Promise.all(PROGRAMS.map((program) => context.host.exec.find(program)));
  const missing = PROGRAMS.find((_, n) => found[n] === undefined);
  if (missing !== undefined)
    return {
      supported: false,
      reason: `the program ${missing} is not installed`,
      hint: 'apt-get install fuse-overlayfs fuse3',
    };
  return probeOverlayMount(context, { name: 'fuse-overlayfs', type: TYPE, options: [], hint });
}

function hint(type: string): string {
  return `run as root with /dev/fuse (modprobe fuse), with --root on a writable filesystem with xattrs; here it is ${type}`;
}
