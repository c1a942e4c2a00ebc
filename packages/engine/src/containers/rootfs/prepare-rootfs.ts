/**
 * Make the mountpoints of a root filesystem real before a runtime sees it: runc 1.1.5 follows a `/dev` that is a
 * symbolic link out to the host and works there (CVE-2026-41579). Nothing is ever written into the image's files;
 * hosts, hostname and resolv.conf are mounted over.
 */
import type { Host, Tree } from '@strata/core';
import { forceInside, makeInside, realInside, statType } from './resolve-inside.ts';

const systemDirectories = ['/dev', '/proc', '/sys'];
export const generatedFiles = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];

export interface PreparedRootfs {
  /** Real path inside the root for each target asked for. */
  readonly targets: ReadonlyMap<string, string>;
  /** Paths that were not in the image; `diff` does not show them. */
  readonly made: readonly string[];
}

export interface MountTarget {
  readonly target: string;
  readonly kind: 'directory' | 'file';
}

export function prepareRootfs(
  host: Host,
  rootfs: string,
  targets: readonly MountTarget[],
  workingDirectory: string,
): PreparedRootfs {
  using tree = host.files.openTree(rootfs);
  const made: string[] = [];
  const real = new Map<string, string>();
  for (const path of systemDirectories) made.push(...forceInside(tree, path, 'directory').made);
  for (const path of generatedFiles) {
    const ready = generated(tree, path);
    made.push(...ready.made);
    real.set(path, ready.real);
  }
  for (const { target, kind } of targets) {
    if (isSystem(target) || real.has(target)) continue;
    const ready = makeInside(tree, target, kind);
    made.push(...ready.made);
    // A link may lead into /proc or /dev, where the runtime mounts first: it makes its own mountpoint there.
    real.set(target, ready.real);
  }
  if (!isSystem(workingDirectory)) makeInside(tree, workingDirectory, 'directory');
  return { targets: real, made };
}

/** A link to a file stays (`/etc/resolv.conf -> ../run/…`) and is mounted over where it leads. */
function generated(tree: Tree, path: string): { real: string; made: string[] } {
  if (statType(tree, path) === 'file') return { real: realInside(tree, path), made: [] };
  return forceInside(tree, path, 'file');
}

function isSystem(path: string): boolean {
  return systemDirectories.some((directory) => path === directory || path.startsWith(`${directory}/`));
}
