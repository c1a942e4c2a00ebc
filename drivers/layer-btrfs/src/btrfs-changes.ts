/**
 * What a snapshot changed, told by the filesystem: `btrfs send --no-data` compares the two trees of metadata and passes
 * over all they share, so its cost is that of the changes. Its names are where something happened, at times by names
 * that files had only in between; the engine compares just these.
 */
import {
  type Exec,
  type FileStat,
  type Files,
  type LayerDirectory,
  StrataError,
  type Tree,
} from '@strata/core';
import { sentNames } from './send-stream.ts';

export interface ChangedLayer {
  readonly layers: LayerDirectory;
  readonly exec: Exec;
  readonly files: Files;
  readonly id: string;
  /** `undefined`: a base layer, all of it is new. */
  readonly parent: string | undefined;
}

/** Relative raw paths: all that differ, and some that do not. */
export async function* changedPaths({
  layers,
  exec,
  files,
  id,
  parent,
}: ChangedLayer): AsyncGenerator<Uint8Array> {
  const absolute = (name: string) => `${layers.path}/${name}`;
  using after = files.openTree(absolute(id));
  // A snapshot has an empty directory where a subvolume lies, and nothing is told of what is in there.
  if (parent === undefined || (await holdsSubvolumes(exec, absolute(id)))) return yield* below(after);
  using before = files.openTree(absolute(parent));
  // Send reads what cannot change. In the trash, for it is to go whatever becomes of us.
  const frozen = absolute(layers.trashName('changes'));
  await exec.run('btrfs', ['--quiet', 'subvolume', 'snapshot', '-r', '--', absolute(id), frozen]);
  try {
    let linked = false;
    for await (const { names, renamedTo } of sentNames(send(exec, absolute(parent), frozen))) {
      yield* names;
      linked ||= names.some((path) => isLinked(before, path));
      // Another directory of the same name: what the new one brought along is not told, nor what the old one had.
      if (renamedTo === undefined || !isDirectory(before, renamedTo) || !isDirectory(after, renamedTo))
        continue;
      yield* below(before, renamedTo);
      yield* below(after, renamedTo);
    }
    // A file with several names is told of by one.
    if (linked) yield* below(after);
  } finally {
    await exec.run('btrfs', ['--quiet', 'subvolume', 'delete', '--', frozen]);
  }
}

/** Names in this list are the container's, and may hold newlines: that there is one is all we believe. */
async function holdsSubvolumes(exec: Exec, path: string): Promise<boolean> {
  return (await exec.run('btrfs', ['subvolume', 'list', '-o', '--', path])).stdout !== '';
}

async function* send(exec: Exec, parent: string, path: string): AsyncGenerator<Uint8Array> {
  const child = await exec.spawn('btrfs', ['--quiet', 'send', '--no-data', '-p', parent, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  yield* child.pipes.get(1) as NodeJS.ReadableStream as AsyncIterable<Uint8Array>;
  const { code, signal } = await child.exited;
  if (code !== 0)
    throw new StrataError('internal', 'BTRFS_FAILED', `btrfs send ended with ${code ?? signal}`, {
      context: { path },
    });
}

function statOf(tree: Tree, path: Uint8Array): FileStat | undefined {
  try {
    return tree.lstat(path);
  } catch {
    // A part of a name that was only in between is a file now.
    return undefined;
  }
}

function isDirectory(tree: Tree, path: Uint8Array): boolean {
  return statOf(tree, path)?.type === 'directory';
}

function isLinked(tree: Tree, path: Uint8Array): boolean {
  const stat = statOf(tree, path);
  return stat !== undefined && stat.type !== 'directory' && Number(stat.nlink) > 1;
}

function* below(tree: Tree, directory?: Uint8Array): Generator<Uint8Array> {
  for (const { name } of tree.readdir(directory ?? Buffer.from('.'))) {
    const path = directory === undefined ? name : Buffer.concat([directory, Buffer.from('/'), name]);
    yield path;
    if (isDirectory(tree, path)) yield* below(tree, path);
  }
}
