import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type ProbeResult } from '@strata/core';
import { findHierarchies, top } from './hierarchies.ts';

/** Tries what every container needs: a cgroup of our own in each hierarchy. */
export async function probeCgroupV1(): Promise<ProbeResult> {
  const { byController, owned } = findHierarchies();
  if (!byController.has('memory') || !byController.has('pids') || !byController.has('freezer'))
    return {
      supported: false,
      reason: 'the memory, pids and freezer controllers are not mounted as cgroup v1',
      hint: 'set cgroup = "v2" in the configuration on a host with the unified hierarchy, or "none"',
    };
  for (const mount of owned) {
    const directory = join(mount, top, `probe${process.pid}`);
    try {
      mkdirSync(directory, { recursive: true });
      rmdirSync(directory);
    } catch (error) {
      return {
        supported: false,
        reason: `cannot make a cgroup in ${mount} (${errnoOf(error) ?? 'unknown error'})`,
        hint: 'run as root with the cgroup filesystems mounted read-write, or set cgroup = "none" in the configuration',
      };
    }
  }
  return { supported: true, detail: [...byController.keys()].join(', ') };
}
