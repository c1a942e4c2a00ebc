/** One cgroup as a directory. Calls are synchronous: cgroupfs answers from memory, in microseconds. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, StrataError } from '@strata/core';
import { controllersOf, type Hierarchy } from './hierarchy.ts';
import type { Write } from './limits.ts';

/** The kernel answers EBUSY while the last process is being reaped. */
const removeTimeout = 3000;

export class CgroupDirectory {
  readonly #hierarchy: Hierarchy;
  /** Relative to the mount point: `strata/…`. */
  readonly path: string;

  constructor(hierarchy: Hierarchy, path: string) {
    this.#hierarchy = hierarchy;
    this.path = path;
  }

  get directory(): string {
    return join(this.#hierarchy.mount, this.path);
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  make(attempts = 5): void {
    try {
      mkdirSync(dirname(this.directory), { recursive: true });
      this.#enableControllers();
      mkdirSync(this.directory, { recursive: true });
    } catch (error) {
      // The last container of the store has just taken the parent away.
      if ((errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENODEV') || attempts === 0) throw error;
      this.make(attempts - 1);
    }
  }

  /** A cgroup has the controllers its parent hands down: from our base to the container's parent, each level in turn. */
  #enableControllers(): void {
    const { mount, base, controllers } = this.#hierarchy;
    const below = dirname(this.path).slice(base.length).split('/').filter(Boolean);
    const levels = [base, ...below.map((_, at) => join(base, ...below.slice(0, at + 1)))];
    for (const level of levels) {
      const enabled = controllersOf(join(mount, level), 'cgroup.subtree_control');
      const missing = controllers.filter((name) => !enabled.includes(name));
      if (missing.length > 0) this.#enable(level, missing);
    }
  }

  #enable(level: string, names: readonly string[]): void {
    const file = join(this.#hierarchy.mount, level, 'cgroup.subtree_control');
    try {
      writeFileSync(file, names.map((name) => `+${name}`).join(' '));
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY') throw error;
      throw new StrataError(
        'failed-precondition',
        'CGROUP_NOT_DELEGATED',
        `The cgroup /${level} holds processes, so it cannot hand ${names.join(', ')} down to containers`,
        { hint: 'Move them to a child cgroup first (cgroup v2: no internal processes)', cause: error },
      );
    }
  }

  write({ file, value, option }: Write): void {
    try {
      writeFileSync(this.file(file), value);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      throw new StrataError(
        errno === 'EINVAL' || errno === 'ERANGE' ? 'invalid-argument' : 'unsupported',
        'LIMIT_REFUSED',
        `The kernel refused the limit ${option} = ${value} (${errno}${errno === 'ENODEV' ? ': no such whole disk' : ''})`,
        {
          cause: error,
          hint: 'It is more than this host has, or nothing it has; `strata info` shows its processors and memory',
        },
      );
    }
  }

  read(name: string): string | undefined {
    return readOrNothing(this.file(name));
  }

  /** A line `key value` of a flat-keyed file. */
  value(file: string, key: string): number | undefined {
    const line = this.read(file)
      ?.split('\n')
      .find((each) => each.startsWith(`${key} `));
    return line === undefined ? undefined : Number(line.slice(key.length + 1));
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  exists(): boolean {
    return this.read('cgroup.events') !== undefined;
  }

  /** Pids of it and of every cgroup below. */
  processes(): number[] {
    const pids = new Set<number>();
    // 0: a process of a pid namespace we cannot see.
    for (const directory of below(this.directory))
      for (const line of (readOrNothing(join(directory, 'cgroup.procs')) ?? '').split('\n'))
        if (line !== '' && line !== '0') pids.add(Number(line));
    return [...pids];
  }

  async remove(): Promise<void> {
    const deadline = Date.now() + removeTimeout;
    let busy = removeBelow(this.directory);
    while (busy !== undefined && Date.now() < deadline) {
      await delay(5);
      busy = removeBelow(this.directory);
    }
    if (busy === undefined) return;
    throw new StrataError('failed-precondition', 'CGROUP_BUSY', `The cgroup ${busy} still holds processes`, {
      hint: 'Kill the processes in it and try again',
    });
  }

  /** The user's parents and the store's directory, as far as nothing else is in them. */
  removeEmptyParents(upTo: string): void {
    for (let path = dirname(this.path); path.startsWith(upTo); path = dirname(path)) {
      try {
        rmdirSync(join(this.#hierarchy.mount, path));
      } catch {
        return;
      }
    }
  }
}

/** Names of the cgroups directly below. */
export function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return [];
    throw error;
  }
}

/** Directories of a subtree, deepest first. */
function below(directory: string): string[] {
  return [...childrenOf(directory).flatMap((name) => below(join(directory, name))), directory];
}

/** Returns what is still busy. */
function removeBelow(directory: string): string | undefined {
  for (const path of below(directory)) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (errnoOf(error) === 'EBUSY' || errnoOf(error) === 'ENOTEMPTY') return path;
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** EOPNOTSUPP: `cgroup.procs` of a threaded cgroup; its processes are in the one above. */
function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
