import { type DriverContext, overlayMountOptions, type ProbeResult, probeOverlayMount } from '@strata/core';

export function probeOverlay(context: DriverContext<Record<string, never>>): Promise<ProbeResult> {
  const options = overlayMountOptions(context.host.files);
  return probeOverlayMount(context, { name: 'an overlay', type: 'overlay', options, hint });
}

function hint(type: string): string {
  if (type === 'overlay') {
    return 'an overlay cannot write to an overlay: put --root on a volume of its own (ext4, xfs, btrfs, tmpfs)';
  }
  return `run as root with CAP_SYS_ADMIN, with --root on ext4, xfs (ftype=1), btrfs or tmpfs; here it is ${type}`;
}
