import { lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { extractInto } from '@strata/archive';
import { StrataError } from '@strata/core';
import type { CopyStat } from '@strata/engine';
import type { CommandContext } from '../context.ts';
import { host } from '../open-engine.ts';
import { meansContents, meansDirectory, type Placement, place } from './endpoints.ts';
import { renameArchive } from './rename-archive.ts';

interface CopySource {
  readonly container: string;
  readonly path: string;
}

function copyError(message: string): StrataError {
  return new StrataError('invalid-argument', 'COPY_IMPOSSIBLE', message);
}

/** What is at the local destination; a link to a directory is that directory. */
function localKind(path: string): 'directory' | 'other' | 'missing' {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined) return stat.isDirectory() ? 'directory' : 'other';
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return 'missing';
  throw copyError(`${path} is a symbolic link that leads nowhere`);
}

/** Parent and name, through links: a file behind a link is replaced where it is, not the link. */
function splitLocal(path: string): Placement & { readonly name: string } {
  const absolute = resolve(path);
  const real = localKind(absolute) === 'missing' ? absolute : realpathSync(absolute);
  const directory = dirname(real);
  if (localKind(directory) !== 'directory') throw copyError(`no such directory: ${directory}`);
  return { directory, name: basename(real) };
}

/** `cp CONTAINER:PATH LOCAL`. Everything lands below the directory that was chosen. Returns bytes of the archive. */
export async function copyOut(
  context: CommandContext,
  source: CopySource,
  destination: string,
): Promise<number> {
  const { containers } = await context.engine();
  const followLink = context.flags.bool('follow-link') || meansDirectory(source.path);
  const copied = await containers.copyOut(source.container, plainPath(source), { followLink });
  try {
    return await extractCopy(context, source, { ...copied, destination });
  } finally {
    // Extracting ends with the archive, not with its source, which holds the container.
    await copied.tar[Symbol.asyncIterator]().return?.();
  }
}

const plainPath = ({ path }: CopySource) => path.replace(/(?:\/\.?)+$/, '') || '/';

interface Copied {
  readonly stat: CopyStat;
  readonly tar: AsyncIterable<Buffer>;
  readonly destination: string;
}

async function extractCopy(
  { flags, settings, interrupt }: CommandContext,
  source: CopySource,
  { stat, tar, destination }: Copied,
): Promise<number> {
  if (meansDirectory(source.path) && !stat.isDirectory)
    throw copyError(`${source.path} in the container is not a directory`);
  const name = basename(plainPath(source));
  const placement = place({
    source: { isDirectory: stat.isDirectory, contents: meansContents(source.path) || name === '', name },
    destination: { path: destination, is: localKind(destination) },
    split: splitLocal,
  });
  if ('problem' in placement) throw copyError(placement.problem);
  using tree = host(settings).files.openTree(resolve(placement.directory));
  const counted = new Counter(tar);
  await extractInto(tree, renameArchive(counted.bytes(), placement.name), {
    keepKinds: true,
    signal: interrupt.signal,
    ...(flags.bool('archive') ? {} : { owner: { uid: process.getuid!(), gid: process.getgid!() } }),
  });
  return counted.total;
}

/** Counts what passes. */
export class Counter {
  total = 0;
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.total += chunk.length;
      yield chunk;
    }
  }
}
