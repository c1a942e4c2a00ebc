import { posix } from 'node:path';
import { extractInto, packPath, packTree } from '@strata/archive';
import { errnoOf, type FileStat, StrataError, type Tree } from '@strata/core';
import type { CopyStat } from '../../api/containers.ts';
import type { EngineServices } from '../../services.ts';
import { bytes, realInside, statType } from '../rootfs/resolve-inside.ts';
import { type ContainerTree, openContainerTree } from './container-tree.ts';

/** Go's os.FileMode bits, which Docker's API shows in `mode`. */
const goMode = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  char: 2 ** 26 + 2 ** 21,
  file: 0,
};

export async function statPath(
  services: EngineServices,
  reference: string,
  path: string,
): Promise<CopyStat | undefined> {
  await using container = await openContainerTree(services, reference);
  const found = lstat(container.tree, path);
  return found && copyStat(container.tree, path, found);
}

export async function copyOut(
  services: EngineServices,
  reference: string,
  path: string,
  options: { readonly followLink?: boolean } = {},
): Promise<{ stat: CopyStat; tar: AsyncIterable<Buffer> }> {
  const container = await openContainerTree(services, reference);
  try {
    const { tree } = container;
    const wanted = posix.resolve('/', path);
    const real =
      options.followLink === true && statType(tree, wanted) !== undefined ? realInside(tree, wanted) : wanted;
    const found = lstat(tree, real);
    if (found === undefined)
      throw new StrataError(
        'not-found',
        'PATH_NOT_FOUND',
        `Could not find the file ${path} in container ${container.record.name}`,
      );
    const name = posix.basename(wanted) || '/';
    const pieces =
      real === '/' ? packTree(tree, { plain: true }) : packPath(tree, bytes(real.slice(1)), bytes(name));
    return { stat: { ...copyStat(tree, real, found), name }, tar: streamed(container, pieces) };
  } catch (error) {
    await container[Symbol.asyncDispose]();
    throw error;
  }
}

export interface CopyInRequest {
  readonly path: string;
  readonly tar: AsyncIterable<Uint8Array>;
  readonly archive?: boolean;
  readonly noOverwriteDirWithFile?: boolean;
}

export async function copyIn(
  services: EngineServices,
  reference: string,
  request: CopyInRequest,
): Promise<void> {
  await using container = await openContainerTree(services, reference);
  const { tree, record } = container;
  const destination = posix.resolve('/', request.path);
  if (statType(tree, destination) !== 'directory')
    throw new StrataError(
      'not-found',
      'PATH_NOT_FOUND',
      `There is no directory ${destination} in ${record.name}`,
    );
  if (record.config.readOnly && !isMounted(record.config.mounts, destination))
    throw new StrataError(
      'permission-denied',
      'ROOTFS_READ_ONLY',
      'The container root filesystem is read-only',
    );
  await extractInto(tree, request.tar, {
    destination: bytes(destination.slice(1)),
    keepKinds: request.noOverwriteDirWithFile ?? false,
    signal: services.signal,
    // docker cp gives files to root unless -a keeps the owners.
    ...(request.archive === true ? {} : { owner: { uid: 0, gid: 0 } }),
  });
}

function isMounted(mounts: readonly { readonly target: string }[], path: string): boolean {
  return mounts.some(({ target }) => path === target || path.startsWith(`${target}/`));
}

/** The container is let go when its reader is done, gives up, or never begins but calls `return`, as no generator does. */
function streamed(container: ContainerTree, pieces: Iterable<Buffer>): AsyncIterableIterator<Buffer> {
  const iterator = pieces[Symbol.iterator]();
  let closed: PromiseLike<void> | undefined;
  const close = async () => {
    iterator.return?.();
    closed ??= container[Symbol.asyncDispose]();
    await closed;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = iterator.next();
        if (result.done === true) await close();
        return result;
      } catch (error) {
        await close();
        throw error;
      }
    },
    async return() {
      await close();
      return { done: true, value: undefined };
    },
  };
}

function lstat(tree: Tree, path: string): FileStat | undefined {
  const absolute = posix.resolve('/', path);
  try {
    // The root is the name of nothing.
    return absolute === '/' ? tree.stat(bytes('/')) : tree.lstat(bytes(absolute));
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR' || errnoOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

function copyStat(tree: Tree, path: string, found: FileStat): CopyStat {
  return {
    name: posix.basename(posix.resolve('/', path)) || '/',
    size: found.size,
    mode: (goMode[found.type] + (found.mode & 0o777)) >>> 0,
    mtime: new Date(Number(found.mtimeNs / 1_000_000n)),
    linkTarget: found.type === 'symlink' ? tree.readlink(bytes(posix.resolve('/', path))).toString() : '',
    isDirectory: found.type === 'directory',
  };
}
