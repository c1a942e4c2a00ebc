/** Where the unified hierarchy is and which directory of it is ours (Linux Documentation/admin-guide/cgroup-v2). */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, storeTag } from '@strata/core';

const top = 'strata';

/** Those we hand down to containers, as far as the kernel offers them. */
const wanted = ['memory', 'cpu', 'pids', 'cpuset', 'io'] as const;
export type Controller = (typeof wanted)[number];

/** Without these a container's defaults cannot be kept. */
export const required: readonly Controller[] = ['memory', 'cpu', 'pids'];

export interface Hierarchy {
  /** Mount point. */
  readonly mount: string;
  /** Below the mount point, without slashes at the ends: where `strata` is made. Empty at the root. */
  readonly base: string;
  readonly controllers: readonly Controller[];
}

/** Each store has its own directory, so that none reconciles away another's containers. */
export function subtreeOf({ base }: Hierarchy, runDirectory: string): string {
  const store = `s-${storeTag(runDirectory)}`;
  return [base, top, store].filter((part) => part !== '').join('/');
}

export interface HostFiles {
  /** proc(5) `/proc/self/mountinfo`. */
  readonly mountinfo?: string;
  /** cgroups(7) `/proc/self/cgroup`. */
  readonly membership?: string;
}

/**
 * Containers belong directly below the root of the hierarchy, where they outlive any login or service. Where the root
 * is not ours to change (the root of a cgroup namespace, a read-only mount), below what was delegated to us: the
 * nearest cgroup above this process that may have children with controllers, which is one without processes.
 */
export function findHierarchy(files: HostFiles = {}): Hierarchy | undefined {
  const mount = mountPoint(files.mountinfo ?? readFileSync('/proc/self/mountinfo', 'utf8'));
  if (mount === undefined) return undefined;
  const base = isRealRoot(mount) && isWritable(mount) ? '' : delegated(mount, files);
  return { mount, base, controllers: controllersOf(join(mount, base)) };
}

export function has({ controllers }: Hierarchy, names: readonly Controller[]): boolean {
  return names.every((name) => controllers.includes(name));
}

/** Controllers named in a file of a cgroup; none when it is not there. */
export function controllersOf(directory: string, file = 'cgroup.controllers'): Controller[] {
  try {
    const names = readFileSync(join(directory, file), 'utf8').trim().split(' ');
    return wanted.filter((name) => names.includes(name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return [];
    throw error;
  }
}

/** The place runtimes look at, if it is there: they take no other. */
function mountPoint(mountinfo: string): string | undefined {
  const mounts = mountinfo
    .split('\n')
    .filter((line) => line.split(' - ')[1]?.split(' ')[0] === 'cgroup2')
    .map((line) => unescapeOctal(line.split(' ')[4]!));
  return mounts.find((target) => target === '/sys/fs/cgroup') ?? mounts[0];
}

function delegated(mount: string, files: HostFiles): string {
  const membership = files.membership ?? readFileSync('/proc/self/cgroup', 'utf8');
  const parts = (/^0::\/(.*)$/m.exec(membership)?.[1] ?? '').split('/').filter((part) => part !== '');
  if (parts.includes('..')) return '';
  const above = parts.map((_, at) => parts.slice(0, parts.length - at).join('/'));
  const free = (base: string) =>
    isWritable(join(mount, base)) && readFileSync(join(mount, base, 'cgroup.procs'), 'utf8') === '';
  return [...above, ''].find(free) ?? parts.join('/');
}

/** The real root takes no limits and may hold processes, hence no `cgroup.type`; that of a namespace has one. */
function isRealRoot(mount: string): boolean {
  return !existsSync(join(mount, 'cgroup.type'));
}

function isWritable(directory: string): boolean {
  try {
    accessSync(join(directory, 'cgroup.subtree_control'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
