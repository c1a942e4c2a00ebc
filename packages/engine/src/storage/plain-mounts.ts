/**
 * A driver's mounts may start from a base, from the target, and use those that came before them in one description
 * (core's `Mount`). containerd's mounts have absolute paths and are made one by one; 1.6 ignores even where they go. So:
 *
 * - The last mount on the target itself is what is seen there, and all that is handed out of those before it.
 * - A path of it that starts from the target leads into one of those. Where that is a directory bound to the target, the
 *   directory's own path says the same. Where it is a mount of its own, *hold* mounts that somewhere and says where.
 */
import { isAbsolute, join, posix, resolve } from 'node:path';
import { type Mount, StrataError } from '@strata/core';

/** Sees to it that a mount with absolute paths is there when it is needed, and returns its directory. */
export type Hold = (mount: Mount) => string;

interface Placed {
  /** Below the target, which is `/`. */
  readonly at: string;
  readonly mount: Mount;
}

export function plainMounts(mounts: readonly Mount[], hold?: Hold): Mount[] {
  const placed: Placed[] = [];
  for (const { target, base, ...mount } of mounts)
    placed.push({
      at: posix.resolve('/', target ?? '.'),
      mount: withPaths(mount, (path) => located(path, { placed, base, hold })),
    });
  const top = placed.findLastIndex(({ at }) => at === '/');
  if (top < 0) return placed.map(({ at, mount }) => ({ ...mount, target: at }));
  return placed.slice(top).map(({ at, mount }) => (at === '/' ? mount : { ...mount, target: at }));
}

/** True where a mount uses those before it, so that some may have to be held. */
export function buildsOnOthers(mounts: readonly Mount[]): boolean {
  return mounts.some(({ base }) => base !== undefined && !isAbsolute(base));
}

interface Seen {
  readonly placed: readonly Placed[];
  readonly base: string | undefined;
  readonly hold: Hold | undefined;
}

function located(path: string, { placed, base, hold }: Seen): string {
  if (isAbsolute(path)) return path;
  if (base !== undefined && isAbsolute(base)) return resolve(base, path);
  const wanted = posix.resolve('/', base ?? '.', path);
  const under = placed.findLast(({ at }) => wanted === at || at === '/' || wanted.startsWith(`${at}/`));
  if (base === undefined || hold === undefined || under === undefined) throw leadsNowhere(path);
  const { at, mount } = under;
  const directory = at === '/' && mount.type === 'bind' ? mount.source : hold(mount);
  return join(directory, posix.relative(at, wanted));
}

/** Options of overlayfs whose values are paths (Linux Documentation/filesystems/overlayfs.rst). */
const PATHS = /^(lowerdir|upperdir|workdir|datadir)=(.*)$/s;

function withPaths(mount: Mount, map: (path: string) => string): Mount {
  return {
    ...mount,
    source: isPath(mount) ? map(mount.source) : mount.source,
    options: mount.options.map((option) => {
      const [, name, paths] = PATHS.exec(option) ?? [];
      if (name === undefined || paths === undefined) return option;
      // An empty one is the other half of `::`, which separates data-only lowers.
      const all = paths.split(':').map((path) => (path === '' ? '' : map(path)));
      return `${name}=${all.join(':')}`;
    }),
  };
}

/** Of a filesystem without a device the source is only a name. */
function isPath({ type, source, options }: Mount): boolean {
  return source.includes('/') || type === 'bind' || options.includes('loop');
}

function leadsNowhere(path: string): StrataError {
  return new StrataError(
    'internal',
    'MOUNT_PATH_UNKNOWN',
    `The driver describes a mount with the path ${JSON.stringify(path)}, where nothing is`,
    { hint: "Report this to the driver's author" },
  );
}
