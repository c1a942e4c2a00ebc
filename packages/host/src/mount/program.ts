/** Mounts that mount(8) makes: it finds a loop device that vanishes with the mount, or starts a `fuse.NAME` program. */
import { rmdirSync } from 'node:fs';
import type { Exec, Mount } from '@strata/core';
import { native } from '../native.ts';
import { MS_BIND } from './options.ts';
import type { TemporaryPlaces } from './places.ts';
import { detach } from './unmount.ts';

export interface ProgramParts {
  readonly exec: Exec;
  readonly places: TemporaryPlaces;
  /** What relative paths of the mount start from. */
  readonly base: string | null;
}

export async function mountByProgram(
  { type, options, source }: Mount,
  place: string,
  { exec, places, base }: ProgramParts,
): Promise<void> {
  const args = ['mount', '-t', type, '-o', options.join(','), '--', source, place];
  // mount(8) uses the loop device a file already has, but two at once would each find none, and the filesystem of one
  // file be mounted as two that know nothing of each other.
  if (options.includes('loop')) args.unshift('flock', '--close', source);
  const [program = '', ...rest] = args;
  if (base === null) await exec.run(program, rest);
  else await inAlias(places, base, (cwd) => exec.run(program, rest, { cwd }));
}

/**
 * Programs make relative paths absolute and then split them at `:` and `,` (fuse-overlayfs 1.10 does). A name of ours
 * for the directory has none of these; it is needed only until the program holds what it names, open.
 */
async function inAlias(
  places: TemporaryPlaces,
  directory: string,
  use: (alias: string) => Promise<unknown>,
): Promise<void> {
  const alias = await places.make('b');
  try {
    await native().mount(directory, alias, null, MS_BIND, null, null);
    await use(alias);
  } finally {
    await detach(alias);
    rmdirSync(alias);
  }
}
