/**
 * Ids of projects (quotactl(2)): numbers the whole filesystem shares, with other stores and with administrators. One is
 * leased by a symlink beside the layers, `.project-<id>` → the layer's id, which is made at once or not at all, and
 * given back once the layer is gone.
 */
import { errnoOf, type Host, type Tree } from '@strata/core';

const LEASE = /^\.project-(\d{1,10})$/;
/** The lower half is for administrators, and for Docker and podman, which count up from what they find there. */
const FIRST = 2 ** 31;
const COUNT = 2 ** 31 - 1;
const OWNED = { uid: 0, gid: 0, mtimeNs: 0n };

export interface ProjectLease {
  readonly project: number;
  readonly layer: string;
}

const leaseName = (project: number) => Buffer.from(`.project-${project}`);

/** The project of a layer, the same one every time. `isForeign`: somebody else's files or limits have this id. */
export function leaseProject(tree: Tree, layer: string, isForeign: (project: number) => boolean): number {
  // Where to begin is different for each layer of the filesystem, whatever store it is in, so others are rarely met.
  const start = Number(BigInt.asUintN(31, tree.lstat(Buffer.from(layer))?.inode ?? 0n));
  for (let n = start; ; n++) {
    const project = FIRST + (n % COUNT);
    const holder = leaseHolder(tree, project);
    if (holder === layer) return project;
    if (holder !== undefined || isForeign(project)) continue;
    try {
      tree.symlink(Buffer.from(layer), leaseName(project), OWNED);
      return project;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      n--; // somebody was quicker: whose is it?
    }
  }
}

/** Leases of layers that are no more. */
export function endedLeases(tree: Tree): ProjectLease[] {
  return tree
    .readdir(Buffer.from('.'))
    .map(({ name }) => Number(LEASE.exec(name.toString())?.[1]))
    .filter((project) => !Number.isNaN(project))
    .map((project) => ({ project, layer: leaseHolder(tree, project) ?? '' }))
    .filter(({ layer }) => layer !== '' && tree.lstat(Buffer.from(layer)) === undefined);
}

export function endLease(tree: Tree, { project }: ProjectLease): void {
  tree.remove(leaseName(project));
}

function leaseHolder(tree: Tree, project: number): string | undefined {
  const name = leaseName(project);
  return tree.lstat(name) === undefined ? undefined : tree.readlink(name).toString();
}

/**
 * Projects with files or limits on a filesystem: lines of repquota(8), `#<id>,ok,ok,<KiB used>,…`. One entry is always
 * there, 0, what belongs to no project.
 */
export async function usedProjects({ exec }: Pick<Host, 'exec'>, mountpoint: string): Promise<Set<number>> {
  const { stdout } = await exec.run('repquota', ['-P', '-n', '-O', 'csv', mountpoint]);
  return new Set([...stdout.matchAll(/^"?#(\d{1,10})"?,/gm)].map(([, id]) => Number(id)));
}
