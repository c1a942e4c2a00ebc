import { type DriverContext, LayerDirectory, type ProbeResult } from '@strata/core';
import { BtrfsCommand } from './btrfs-command.ts';
import { reclaim } from './btrfs-reclaim.ts';

const POOL = 'strata storage init btrfs --size 20G makes a btrfs pool in a file';

/** The root must be on btrfs, and making a subvolume, sealing it, taking a snapshot and deleting both must work. */
export async function probeBtrfs({
  root,
  host,
  log,
}: DriverContext<Record<string, never>>): Promise<ProbeResult> {
  const { type } = await host.files.filesystem(root);
  if (type !== 'btrfs') {
    return { supported: false, reason: `${root} is on ${type}, not on btrfs`, hint: POOL };
  }
  if ((await host.exec.find('btrfs')) === undefined) {
    return {
      supported: false,
      reason: 'the btrfs program is not installed',
      hint: 'apt-get install btrfs-progs',
    };
  }
  const base = `.probe-${crypto.randomUUID()}`;
  const child = `${base}-child`;
  const command = new BtrfsCommand(host.exec);
  const layers = new LayerDirectory(root, host.files, log);
  try {
    await command.create(`${root}/${base}`);
    await command.setReadOnly(`${root}/${base}`, true);
    await command.snapshot(`${root}/${base}`, `${root}/${child}`);
    return { supported: true };
  } catch (error) {
    return {
      supported: false,
      reason: `cannot make subvolumes in ${root}: ${(error as Error).message}`,
      hint: `run as root on a writable btrfs with free space, or: ${POOL}`,
    };
  } finally {
    await reclaim({ layers, command, files: host.files, log }, [child, base]).catch((error: unknown) => {
      log.warn('could not remove the probe of btrfs', { root, error });
    });
  }
}
