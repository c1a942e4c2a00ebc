import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isStrataError, type Tree } from '@strata/core';
import { createHost } from '@strata/host';
import { type AppliedLayer, applyLayer, settleLayer } from '../../src/index.ts';
import { inChunks } from './tar-bytes.ts';

export const host = createHost();

/** A scratch directory on tmpfs with a canary beside the roots that nothing may touch. Needs root, as the engine does. */
export class Sandbox implements Disposable {
  readonly path = mkdtempSync('/dev/shm/strata-archive-test-');
  readonly #mounts: string[] = [];
  readonly #canary: string;
  #count = 0;

  constructor() {
    execFileSync(
      'sh',
      [
        '-c',
        `mkdir -p canary/etc && printf outside > canary/etc/passwd && printf x > canary/perm400 && chmod 400 canary/perm400 &&
       mkdir canary/root-evil && printf y > canary/root-evil/secret && printf z > passwd && mkdir tmp && printf t > tmp/x`,
      ],
      { cwd: this.path },
    );
    this.#canary = this.#outside();
  }

  dir(name = `d${this.#count++}`): string {
    const path = join(this.path, 'roots', name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  open(path: string): Tree {
    return host.files.openTree(path);
  }

  /** Mount layers (nearest first) as the engine would, read-only. */
  overlay(layers: readonly string[]): string {
    if (layers.length === 1) return layers[0]!;
    const target = this.dir();
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${layers.join(':')}`, target]);
    this.#mounts.push(target);
    return target;
  }

  /** Did anything outside the roots change? */
  canaryIsUntouched(): boolean {
    return this.#outside() === this.#canary;
  }

  #outside(): string {
    const script =
      'find canary passwd tmp -printf "%p %y %m %U %G %s %T@ %C@ %n %l\\n" | sort; cat canary/etc/passwd; ls';
    return execFileSync('sh', ['-c', script], { cwd: this.path, encoding: 'utf8' }).replace('roots\n', '');
  }

  [Symbol.dispose](): void {
    for (const target of this.#mounts) execFileSync('umount', [target]);
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Everything a tree holds, one line per entry; directories without times (implied ones have none to compare). */
export function listing(path: string, options: { readonly dirTimes?: boolean } = {}): string[] {
  using tree = host.files.openTree(path);
  const lines: string[] = [];
  const inodes = new Map<string, string>();
  const visit = (at: string) => {
    const bytes = Buffer.from(at, 'latin1');
    const s = tree.lstat(bytes)!;
    const xattrs = [...tree.xattrs(bytes)]
      .filter(([n]) => !n.startsWith('trusted.overlay.'))
      .map(([n, v]) => `${n}=${v.toString('hex')}`);
    const detail =
      s.type === 'file'
        ? digest(tree, bytes)
        : s.type === 'symlink'
          ? tree.readlink(bytes).toString('latin1')
          : `${s.major}:${s.minor}`;
    const time = s.type === 'directory' && options.dirTimes !== true ? '-' : s.mtimeNs;
    const key = `${s.device}:${s.inode}`;
    const same = s.type === 'directory' ? '' : (inodes.get(key) ?? '');
    if (!inodes.has(key)) inodes.set(key, at);
    const size = s.type === 'file' ? s.size : '-';
    lines.push(
      `${JSON.stringify(at)} ${s.type} ${s.mode.toString(8)} ${s.uid}:${s.gid} ${size} ${time} ${detail} ${xattrs.sort()} ${same}`,
    );
    if (s.type !== 'directory') return;
    const names = tree.readdir(bytes).map((e) => e.name.toString('latin1'));
    for (const name of names.sort()) visit(at === '' ? name : `${at}/${name}`);
  };
  visit('');
  return lines;
}

function digest(tree: Tree, path: Buffer): string {
  const fd = tree.openRead(path);
  try {
    return createHash('sha256').update(readFileSync(fd)).digest('hex').slice(0, 16);
  } finally {
    closeSync(fd);
  }
}

export type Outcome = { readonly error: string } | { readonly path: string };

/** Unpack layers over each other into one directory, as btrfs and vfs do. */
export async function execute(sandbox: Sandbox, layers: readonly Buffer[]): Promise<Outcome> {
  const path = sandbox.dir();
  using tree = sandbox.open(path);
  for (const layer of layers) {
    const error = await failure(applyLayer(inChunks(layer), tree, { whiteouts: 'execute' }));
    if (error !== undefined) return { error };
  }
  return { path };
}

/** Unpack each layer for itself, then mount them, as overlay does. `independent`: without the parents' trees at first. */
export async function stack(
  sandbox: Sandbox,
  layers: readonly Buffer[],
  independent: boolean,
): Promise<Outcome> {
  const below: string[] = [];
  for (const layer of layers) {
    using opened = new DisposableStack();
    const parents = below.map((path) => opened.use(sandbox.open(path)));
    let path = sandbox.dir();
    let tree = opened.use(sandbox.open(path));
    if (independent) {
      const result = await applyLayer(inChunks(layer), tree, { whiteouts: 'overlay' }).catch(
        (error: unknown) => error,
      );
      if (isStrataError(result, 'LAYER_NEEDS_PARENTS')) {
        path = sandbox.dir();
        tree = opened.use(sandbox.open(path));
      } else if (result instanceof Error) {
        return { error: codeOf(result) };
      } else {
        settleLayer(tree, (result as AppliedLayer).unsettled, parents);
        below.unshift(path);
        continue;
      }
    }
    const error = await failure(applyLayer(inChunks(layer), tree, { whiteouts: 'overlay', parents }));
    if (error !== undefined) return { error };
    below.unshift(path);
  }
  return { path: sandbox.overlay(below) };
}

async function failure(applied: Promise<unknown>): Promise<string | undefined> {
  try {
    await applied;
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** Only our own errors count as an answer. */
export function codeOf(error: unknown): string {
  if (!isStrataError(error)) throw error;
  return error.code;
}
