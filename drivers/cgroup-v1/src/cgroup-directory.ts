/** One cgroup: the same path in every hierarchy. Calls are synchronous: cgroupfs answers from memory, in microseconds. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, limitUnsupported, StrataError } from '@strata/core';
import type { Controller, Hierarchies } from './hierarchies.ts';
import type { Write } from './limits.ts';

/** The kernel answers EBUSY while the last process is being reaped. */
const removeTimeout = 3000;

export class CgroupDirectory {
  readonly #hierarchies: Hierarchies;
  /** Relative to the mount points: `strata/…`. */
  readonly path: string;

  constructor(hierarchies: Hierarchies, path: string) {
    this.#hierarchies = hierarchies;
    this.path = path;
  }

  file(controller: Controller, name: string): string {
    const mount = this.#hierarchies.byController.get(controller);
    if (mount === undefined)
      throw limitUnsupported(controller, `the ${controller} controller is not mounted as cgroup v1`);
    return join(mount, this.path, name);
  }

  make(attempts = 5): void {
    try {
      for (const mount of this.#hierarchies.owned) mkdirSync(join(mount, this.path), { recursive: true });
    } catch (error) {
      // The last container of the store has just taken the parent away.
      if (errnoOf(error) !== 'ENOENT' || attempts === 0) throw error;
      this.make(attempts - 1);
    }
    if (this.#hierarchies.byController.has('cpuset')) this.#inheritCpuset(this.path);
  }

  /** A v1 cpuset starts empty and takes no process before it has cpus and mems. */
  #inheritCpuset(path: string): void {
    const mount = this.#hierarchies.byController.get('cpuset') as string;
    for (const name of ['cpuset.cpus', 'cpuset.mems']) {
      const file = join(mount, path, name);
      if (readFileSync(file, 'utf8').trim() !== '') continue;
      const parent = dirname(path);
      if (parent !== '.') this.#inheritCpuset(parent);
      const inherited = readFileSync(join(mount, parent, name), 'utf8').trim();
      writeFileSync(file, inherited);
    }
  }

  write(write: Write): void {
    try {
      writeFileSync(this.file(write.controller, write.file), write.value);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      throw new StrataError(
        errnoOf(error) === 'EINVAL' || errnoOf(error) === 'ERANGE' ? 'invalid-argument' : 'unsupported',
        'LIMIT_REFUSED',
        `The kernel refused the limit ${write.option} = ${write.value} (${errnoOf(error)})`,
        {
          cause: error,
          hint: 'It is more than this host has, or nothing it has; `strata info` shows its processors and memory',
        },
      );
    }
  }

  read(controller: Controller, name: string): string | undefined {
    try {
      return readFileSync(this.file(controller, name), 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return undefined;
      throw error;
    }
  }

  exists(): boolean {
    return this.read('freezer', 'freezer.state') !== undefined;
  }

  /** Pids of it and of every cgroup below, in any hierarchy. */
  processes(): number[] {
    const pids = new Set<number>();
    for (const mount of this.#hierarchies.owned)
      for (const directory of below(join(mount, this.path)))
        for (const line of readLines(join(directory, 'cgroup.procs')))
          if (line !== '0') pids.add(Number(line));
    return [...pids];
  }

  async remove(): Promise<void> {
    const deadline = Date.now() + removeTimeout;
    let busy: string | undefined;
    for (;;) {
      busy = undefined;
      for (const mount of [...this.#hierarchies.owned, ...this.#hierarchies.foreign])
        busy = removeBelow(join(mount, this.path)) ?? busy;
      if (busy === undefined) return;
      if (Date.now() > deadline) break;
      await delay(5);
    }
    throw new StrataError('failed-precondition', 'CGROUP_BUSY', `The cgroup ${busy} still holds processes`, {
      hint: 'Kill the processes in it and try again',
    });
  }

  /** The user's parents and the store's directory, as far as nothing else is in them. */
  removeEmptyParents(upTo: string): void {
    for (const mount of [...this.#hierarchies.owned, ...this.#hierarchies.foreign]) {
      for (let path = dirname(this.path); path.startsWith(upTo); path = dirname(path)) {
        try {
          rmdirSync(join(mount, path));
        } catch {
          break;
        }
      }
    }
  }
}

/** Directories of a subtree, deepest first. */
function below(directory: string): string[] {
  let names: string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return [];
    throw error;
  }
  return [...names.flatMap((name) => below(join(directory, name))), directory];
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

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return [];
    throw error;
  }
}
