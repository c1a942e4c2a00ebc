/** Where the hierarchies are: read from proc(5) mountinfo, never guessed from /sys/fs/cgroup. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeTag } from '@strata/core';

/** The directory, inside each hierarchy, below which everything of ours is. */
export const top = 'strata';

/** Each store has its own directory in there, so that none reconciles away another's containers. */
export function subtreeOf(runDirectory: string): string {
  return `${top}/s-${storeTag(runDirectory)}`;
}

const controllers = ['memory', 'cpu', 'cpuacct', 'cpuset', 'pids', 'blkio', 'devices', 'freezer'] as const;
export type Controller = (typeof controllers)[number];

export interface Hierarchies {
  /** Mount point of each controller; co-mounted ones share it. */
  readonly byController: ReadonlyMap<Controller, string>;
  /** Mount points we make cgroups in, each once. */
  readonly owned: readonly string[];
  /** Mount points where the runtime makes the same path by itself: named hierarchies, the unified one, the rest. */
  readonly foreign: readonly string[];
}

export function findHierarchies(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): Hierarchies {
  const byController = new Map<Controller, string>();
  const foreign = new Set<string>();
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const target = before?.split(' ')[4];
    const [type, , options] = after?.split(' ') ?? [];
    if (target === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    const mounted = unescapeOctal(target);
    const named = (options ?? '').split(',');
    const ours = type === 'cgroup' ? controllers.filter((controller) => named.includes(controller)) : [];
    // The first mount of a hierarchy is the one the runtime uses too.
    for (const controller of ours) if (!byController.has(controller)) byController.set(controller, mounted);
    if (ours.length === 0) foreign.add(mounted);
  }
  const owned = [...new Set(byController.values())];
  return { byController, owned, foreign: [...foreign].filter((mount) => !owned.includes(mount)) };
}

/** Does the controller of this hierarchy have the file, at our subtree or at the root of it? */
export function hasFile(hierarchies: Hierarchies, controller: Controller, file: string): boolean {
  const mount = hierarchies.byController.get(controller);
  return mount !== undefined && (existsSync(join(mount, top, file)) || existsSync(join(mount, file)));
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
