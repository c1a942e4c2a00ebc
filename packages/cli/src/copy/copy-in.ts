import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, posix, resolve } from 'node:path';
import { packPath, packTree } from '@strata/archive';
import { StrataError, type Tree } from '@strata/core';
import type { ContainersApi } from '@strata/engine';
import type { CommandContext } from '../context.ts';
import { host } from '../open-engine.ts';
import { Counter } from './copy-out.ts';
import { meansContents, meansDirectory, type Placement, place } from './endpoints.ts';

interface CopyTarget {
  readonly container: string;
  readonly path: string;
}

const LINKS = 40;

function copyError(message: string): StrataError {
  return new StrataError('invalid-argument', 'COPY_IMPOSSIBLE', message);
}

type Found = 'directory' | 'other' | 'missing';

/** What the path in the container is, behind any links. The engine resolves inside the root file system. */
async function follow(
  containers: ContainersApi,
  target: CopyTarget,
): Promise<{ readonly path: string; readonly is: Found }> {
  let path = target.path.startsWith('/') ? target.path : `/${target.path}`;
  for (let links = 0; links < LINKS; links++) {
    const clean = path.replace(/(?:\/\.?)+$/, '');
    if (clean === '') return { path: '/', is: 'directory' };
    const stat = await containers.statPath(target.container, clean);
    if (stat === undefined) return { path, is: 'missing' };
    if (stat.linkTarget === '') return { path, is: stat.isDirectory ? 'directory' : 'other' };
    path = posix.resolve(posix.dirname(clean), stat.linkTarget);
  }
  throw copyError(`${target.path}: too many levels of symbolic links`);
}

function splitRemote(path: string): Placement & { readonly name: string } {
  const clean = posix.resolve('/', path);
  return { directory: posix.dirname(clean), name: posix.basename(clean) };
}

function localSource(context: CommandContext, path: string): { readonly path: string; readonly stat: Stats } {
  const through = context.flags.bool('follow-link') || meansDirectory(path);
  const absolute = resolve(path);
  const stat = (through ? statSync : lstatSync)(absolute, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new StrataError('not-found', 'COPY_SOURCE_NOT_FOUND', `${path}: no such file or directory`);
  if (meansDirectory(path) && !stat.isDirectory()) throw copyError(`${path} is not a directory`);
  return { path: through ? realpathSync(absolute) : absolute, stat };
}

/** A generator as a stream; it lets the event loop breathe between pieces. */
async function* stream(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
}

/** `cp LOCAL CONTAINER:PATH`. Returns bytes of the archive. */
export async function copyIn(context: CommandContext, source: string, target: CopyTarget): Promise<number> {
  const { containers } = await context.engine();
  const local = localSource(context, source);
  const { path, is } = await follow(containers, target);
  const name = basename(resolve(source));
  const placement = place({
    source: { isDirectory: local.stat.isDirectory(), contents: meansContents(source) || name === '', name },
    destination: { path, is },
    split: splitRemote,
  });
  if ('problem' in placement) throw copyError(placement.problem);
  const { files } = host(context.settings);
  using tree = files.openTree(placement.name === undefined ? local.path : dirname(local.path));
  const counted = new Counter(stream(pack(tree, local.path, placement.name)));
  await containers.copyIn(target.container, placement.directory, counted.bytes(), {
    archive: context.flags.bool('archive'),
    noOverwriteDirWithFile: true,
  });
  return counted.total;
}

function pack(tree: Tree, path: string, name: string | undefined): Iterable<Buffer> {
  if (name === undefined) return packTree(tree, { plain: true });
  return packPath(tree, Buffer.from(basename(path)), Buffer.from(name));
}
