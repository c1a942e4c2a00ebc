import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CgroupCapabilities,
  type CgroupDriver,
  type CgroupRef,
  type CgroupStats,
  errnoOf,
  type Host,
  type Resources,
  StrataError,
} from '@strata/core';
import { CgroupDirectory } from './cgroup-directory.ts';
import type { Hierarchies } from './hierarchies.ts';
import { limitWrites } from './limits.ts';
import { readStats } from './stats.ts';

const settleTimeout = 10_000;
const sigkill = 9;

export class CgroupV1Driver implements CgroupDriver {
  readonly capabilities: CgroupCapabilities;
  readonly #host: Host;
  readonly #hierarchies: Hierarchies;
  readonly #subtree: string;

  constructor(host: Host, hierarchies: Hierarchies, subtree: string) {
    this.#host = host;
    this.#subtree = subtree;
    this.#hierarchies = hierarchies;
    const has = (name: Parameters<typeof hierarchies.byController.has>[0]) =>
      hierarchies.byController.has(name);
    this.capabilities = {
      memory: has('memory'),
      cpu: has('cpu'),
      pids: has('pids'),
      blockIo: has('blkio'),
      cpuset: has('cpuset'),
      devices: has('devices'),
      freezer: has('freezer'),
      stats: has('memory') && has('cpuacct'),
    };
  }

  async create(id: string, resources: Resources, options?: { readonly parent?: string }): Promise<CgroupRef> {
    const path = cgroupPath(this.#subtree, id, options?.parent);
    const cgroup = new CgroupDirectory(this.#hierarchies, path);
    if (cgroup.exists()) this.#refuseUsed(cgroup);
    try {
      // First, for the root of a hierarchy lacks files that every cgroup below it has.
      cgroup.make();
      for (const write of limitWrites(resources, this.#hierarchies)) cgroup.write(write);
    } catch (error) {
      await cgroup.remove();
      cgroup.removeEmptyParents(this.#subtree);
      throw error;
    }
    return { id, path: `/${path}`, state: { path } };
  }

  #refuseUsed(cgroup: CgroupDirectory): void {
    const frozen = cgroup.read('freezer', 'freezer.state')?.trim() !== 'THAWED';
    if (!frozen && cgroup.processes().length === 0) return;
    throw new StrataError(
      'failed-precondition',
      'CGROUP_IN_USE',
      `The cgroup /${cgroup.path} exists and ${frozen ? 'is frozen' : 'holds processes'}`,
      { hint: 'Run strata check --repair' },
    );
  }

  async update(ref: CgroupRef, resources: Resources): Promise<void> {
    const cgroup = this.#open(ref);
    const writes = limitWrites(resources, this.#hierarchies);
    const limits = writes.filter((write) => /limit_in_bytes|memsw/.test(write.file));
    for (const write of writes) if (!limits.includes(write)) cgroup.write(write);
    try {
      for (const write of limits) cgroup.write(write);
    } catch {
      // The kernel keeps memory ≤ memory+swap at every moment, so raising both needs the other order.
      for (const write of limits.toReversed()) cgroup.write(write);
    }
  }

  async stats(ref: CgroupRef): Promise<CgroupStats> {
    const cgroup = this.#open(ref);
    if (!cgroup.exists()) throw new StrataError('not-found', 'CGROUP_NOT_FOUND', 'The cgroup is gone');
    return readStats(cgroup);
  }

  async freeze(ref: CgroupRef): Promise<void> {
    await this.#settle(this.#open(ref), 'FROZEN');
  }

  async thaw(ref: CgroupRef): Promise<void> {
    await this.#settle(this.#open(ref), 'THAWED');
  }

  async #settle(cgroup: CgroupDirectory, state: 'FROZEN' | 'THAWED'): Promise<void> {
    const deadline = Date.now() + settleTimeout;
    for (let wait = 0; ; wait = Math.min(20, wait + 1)) {
      const now = cgroup.read('freezer', 'freezer.state')?.trim();
      if (now === state) return;
      if (now === undefined) throw new StrataError('not-found', 'CGROUP_NOT_FOUND', 'The cgroup is gone');
      if (Date.now() > deadline) break;
      // Written again each time: a process in the middle of a fork escapes the first attempt.
      cgroup.write({ controller: 'freezer', file: 'freezer.state', value: state, option: 'pause' });
      await delay(wait);
    }
    if (state === 'FROZEN') await this.#settle(cgroup, 'THAWED');
    throw new StrataError(
      'unavailable',
      'CGROUP_NOT_SETTLED',
      `The container cannot be ${state.toLowerCase()} now`,
    );
  }

  async kill(ref: CgroupRef): Promise<void> {
    const cgroup = this.#open(ref);
    const deadline = Date.now() + settleTimeout;
    for (let wait = 0; cgroup.exists(); wait = Math.min(20, wait + 1)) {
      if (cgroup.processes().length === 0) return;
      // Begun, not awaited: what stands still does not fork while we read.
      cgroup.write({ controller: 'freezer', file: 'freezer.state', value: 'FROZEN', option: 'kill' });
      const found = cgroup.processes().map((pid) => this.#host.processes.identify(pid));
      // Still a member after its identity was taken, so it is not a stranger with a recycled pid.
      const members = new Set(cgroup.processes());
      for (const process of found)
        if (process !== undefined && members.has(process.pid)) this.#host.processes.kill(process, sigkill);
      // A frozen process dies when it is thawed.
      await this.#settle(cgroup, 'THAWED');
      if (Date.now() > deadline)
        throw new StrataError('unavailable', 'CGROUP_NOT_KILLED', `Processes in /${cgroup.path} do not die`);
      await delay(wait);
    }
  }

  async processes(ref: CgroupRef): Promise<readonly number[]> {
    return this.#open(ref).processes();
  }

  async *events(ref: CgroupRef, signal: AbortSignal): AsyncIterable<{ kind: 'oom'; at: Date }> {
    const cgroup = this.#open(ref);
    // The eventfd interface of cgroup v1 is out of Node's reach; the counter tells the same within a second.
    let seen = readStats(cgroup).oomKills;
    while (!signal.aborted && cgroup.exists()) {
      const now = readStats(cgroup).oomKills;
      for (; seen < now; seen++) yield { kind: 'oom', at: new Date() };
      await delay(1000, undefined, { signal }).catch(() => undefined);
    }
  }

  async remove(ref: CgroupRef): Promise<void> {
    const cgroup = this.#open(ref);
    await cgroup.remove();
    cgroup.removeEmptyParents(this.#subtree);
  }

  async list(): Promise<readonly string[]> {
    const ids = new Set<string>();
    const visit = (directory: string) => {
      for (const entry of entries(directory)) {
        if (isContainerId(entry)) ids.add(entry);
        else visit(join(directory, entry));
      }
    };
    for (const mount of [...this.#hierarchies.owned, ...this.#hierarchies.foreign])
      visit(join(mount, this.#subtree));
    return [...ids];
  }

  #open(ref: CgroupRef): CgroupDirectory {
    const path = ref.state.path;
    // References come from the database; one that points elsewhere must not make us kill or remove there.
    if (typeof path !== 'string' || !path.startsWith(`${this.#subtree}/`) || path.split('/').includes('..'))
      throw new StrataError(
        'invalid-argument',
        'CGROUP_REF_INVALID',
        `${String(path)} is not a cgroup of ours`,
      );
    return new CgroupDirectory(this.#hierarchies, path);
  }
}

/** `strata/<store>/<parent…>/<id>`; whatever the user writes as parent stays below our subtree. */
function cgroupPath(subtree: string, id: string, parent: string | undefined): string {
  const parts = (parent ?? '').split('/').filter((part) => part !== '');
  const sound = (part: string) => /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$/.test(part) && !isContainerId(part);
  if (!isContainerId(id) || !parts.every(sound) || parts.length > 16)
    throw new StrataError(
      'invalid-argument',
      'CGROUP_PARENT_INVALID',
      `${JSON.stringify(parent ?? id)} is not a cgroup name`,
      { hint: 'Use names of letters, digits and _.:@- separated by slashes' },
    );
  return [subtree, ...parts, id].join('/');
}

function isContainerId(name: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(name);
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
