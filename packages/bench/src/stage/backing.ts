import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StrataError } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import { mountMemory } from './loop-filesystem.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

/** Where the data of the drivers lies. */
export type Backing =
  | { readonly kind: 'memory' }
  /** A file per driver on the disk of the temporary directory. */
  | { readonly kind: 'loop' }
  | { readonly kind: 'directory'; readonly path: string };

/** Below this much free memory the default is the disk. */
const ROOMY = 4 * 2 ** 30;

/** What `--backing` says; by default memory, where there is enough of it. */
export function parseBacking(text: string | undefined): Backing {
  if (text === undefined) return process.availableMemory() >= ROOMY ? { kind: 'memory' } : { kind: 'loop' };
  if (text === 'memory' || text === 'loop') return { kind: text };
  return { kind: 'directory', path: resolve(text) };
}

export function describeBacking(backing: Backing): string {
  if (backing.kind === 'memory') return 'memory: each driver on a filesystem of its own, in a file in RAM';
  if (backing.kind === 'loop')
    return `loop: each driver on a filesystem of its own, in a file in ${temporaryDirectory()}`;
  return `directory: ${backing.path}`;
}

export const temporaryDirectory = (): string => process.env.TMPDIR || '/var/tmp';

export interface Ground extends Workplace {
  /** On the backing: filesystem images, or the drivers' directories. */
  readonly backing: string;
}

export async function openGround(ports: BenchPorts, backing: Backing): Promise<Ground> {
  if (backing.kind === 'directory') await requireDirectory(backing.path);
  const workplace = await openWorkplace(
    ports,
    backing.kind === 'directory' ? backing.path : temporaryDirectory(),
  );
  const ground = join(workplace.directory, 'backing');
  try {
    if (backing.kind === 'memory') await mountMemory(ports.host, ground, process.availableMemory());
    else await mkdir(ground, { mode: 0o700 });
  } catch (error) {
    await workplace[Symbol.asyncDispose]();
    throw error;
  }
  return {
    directory: workplace.directory,
    backing: ground,
    [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose](),
  };
}

async function requireDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  throw new StrataError('invalid-argument', 'BENCH_BACKING', `${path} is not a directory`, {
    hint: '--backing takes an existing directory, "loop" or "memory"',
  });
}
