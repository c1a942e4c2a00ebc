import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type ProbeResult, StrataError } from '@strata/core';
import { CgroupDirectory } from './cgroup-directory.ts';
import { controllersOf, findHierarchy, type Hierarchy, has, required, subtreeOf } from './hierarchy.ts';

/** Tries what every container needs: a cgroup of our own with the controllers handed down to it. */
export async function probeCgroupV2(runDirectory: string): Promise<ProbeResult> {
  const hierarchy = findHierarchy();
  if (hierarchy === undefined) return no('no cgroup2 filesystem is mounted');
  if (!has(hierarchy, required)) {
    const missing = required.filter((name) => !hierarchy.controllers.includes(name));
    return no(`cgroup2 at ${hierarchy.mount} has no ${missing.join(', ')} controller`);
  }
  return tryOne(hierarchy, `${subtreeOf(hierarchy, runDirectory)}/probe${process.pid}`);
}

function tryOne(hierarchy: Hierarchy, path: string): ProbeResult {
  const cgroup = new CgroupDirectory(hierarchy, path);
  try {
    cgroup.make();
    const given = controllersOf(cgroup.directory);
    rmdirSync(cgroup.directory);
    cgroup.removeEmptyParents(join(path, '..'));
    if (!required.every((name) => given.includes(name)))
      return no('controllers do not reach a cgroup of ours');
    return { supported: true, detail: given.join(', ') };
  } catch (error) {
    if (error instanceof StrataError)
      return { supported: false, reason: error.message, hint: error.hint ?? '' };
    return {
      supported: false,
      reason: `cannot make a cgroup in ${hierarchy.mount} (${errnoOf(error) ?? 'unknown error'})`,
      hint: 'run as root with the cgroup filesystem mounted read-write, or set cgroup = "none" in the configuration',
    };
  }
}

function no(reason: string): ProbeResult {
  return {
    supported: false,
    reason,
    hint: 'set cgroup = "v1" in the configuration on a host with v1 hierarchies, or "none"',
  };
}
