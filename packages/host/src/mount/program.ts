/** Mounts that mount(8) makes: it finds a loop device that vanishes with the mount, or starts a `fuse.NAME` program. */
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exec, Mount } from '@strata/core';
import { native } from '../native.ts';
import { MS_BIND } from './options.ts';
import { detach } from './unmount.ts';

export async function mountByProgram(
  { type, options, source }: Mount,
  place: string,
  { exec, base }: { readonly exec: Exec; readonly base: string | null },
): Promise<void> {
  const args = ['-t', type, '-o', options.join(','), '--', source, place];
  if (base === null) await exec.run('mount', args);
  else await inAlias(base, (cwd) => exec.run('mount', args, { cwd }));
}

/**
 * Programs make relative paths absolute and then split them at `:` and `,` (fuse-overlayfs 1.10 does). A name of ours
 * for the directory has none of these; it is needed only until the program holds what it names, open.
 */
async function inAlias(directory: string, use: (alias: string) => Promise<unknown>): Promise<void> {
  const parent = join(tmpdir(), 'strata-mounts');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const alias = mkdtempSync(join(parent, 'b-'));
  try {
    await native().mount(directory, alias, null, MS_BIND, null, null);
    await use(alias);
  } finally {
    await detach(alias);
    rmdirSync(alias);
  }
}
