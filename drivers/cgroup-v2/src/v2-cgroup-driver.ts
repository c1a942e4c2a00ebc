import { join } from 'node:path';
import {
  type CgroupCapabilities,
  type CgroupDriver,
  type CgroupRef,
  type CgroupStats,
  type Host,
  type Resources,
  StrataError,
} from '@strata/core';
import { CgroupDirectory, childrenOf } from './cgroup-directory.ts';
import { settle } from './freezer.ts';
import type { Hierarchy } from './hierarchy.ts';
import { killAll } from './kill.ts';
import { type LimitContext, limitWrites, type Write } from './limits.ts';
import { cgroupPath, isContainerId } from './names.ts';
import { oomEvents } from './oom-events.ts';
import { readStats } from './stats.ts';

const settleTimeout = 10_000;

export class V2CgroupDriver implements CgroupDriver {
  readonly capabilities: CgroupCapabilities;
  readonly #host: Host;
  readonly #hierarchy: Hierarchy;
  readonly #subtree: string;

  constructor(host: Host, hierarchy: Hierarchy, subtree: string) {
    this.#host = host;
    this.#hierarchy = hierarchy;
    this.#subtree = subtree;
    const { controllers } = hierarchy;
    this.capabilities = {
      memory: controllers.includes('memory'),
      cpu: controllers.includes('cpu'),
      pids: controllers.includes('pids'),
      blockIo: controllers.includes('io'),
      cpuset: controllers.includes('cpuset'),
      // A program the runtime attaches to the cgroup, not a controller.
      devices: true,
      freezer: true,
      stats: true,
    };
  }

  async create(id: string, resources: Resources, options?: { readonly parent?: string }): Promise<CgroupRef> {
    const path = cgroupPath(this.#subtree, id, options?.parent);
    const cgroup = new CgroupDirectory(this.#hierarchy, path);
    if (cgroup.exists()) refuseUsed(cgroup);
    try {
      // Which files a cgroup has shows once it is there.
      cgroup.make();
      for (const write of limitWrites(resources, this.#limitContext(cgroup))) cgroup.write(write);
    } catch (error) {
      await cgroup.remove();
      cgroup.removeEmptyParents(this.#subtree);
      throw error;
    }
    return { id, path: `/${path}`, state: { path } };
  }

  async update(ref: CgroupRef, resources: Resources): Promise<void> {
    const cgroup = this.#existing(ref);
    const writes = limitWrites(resources, this.#limitContext(cgroup));
    refuseToKill(cgroup, resources.memory);
    const before = writes.map(({ file, option }): Write => ({ file, option, value: undoOf(cgroup, file) }));
    let done = 0;
    try {
      for (const write of writes) {
        cgroup.write(write);
        done++;
      }
    } catch (error) {
      for (const write of before.slice(0, done).toReversed()) if (write.value !== '') cgroup.write(write);
      throw error;
    }
  }

  #limitContext(cgroup: CgroupDirectory): LimitContext {
    const above = new CgroupDirectory(this.#hierarchy, join(cgroup.path, '..'));
    return {
      controllers: this.#hierarchy.controllers,
      current: (file) => cgroup.read(file),
      parent: (file) => above.read(file),
      has: (file) => cgroup.has(file),
    };
  }

  async stats(ref: CgroupRef): Promise<CgroupStats> {
    return readStats(this.#existing(ref));
  }

  async freeze(ref: CgroupRef): Promise<void> {
    await settle(this.#open(ref), 'frozen', settleTimeout);
  }

  async thaw(ref: CgroupRef): Promise<void> {
    await settle(this.#open(ref), 'thawed', settleTimeout);
  }

  async kill(ref: CgroupRef): Promise<void> {
    await killAll(this.#open(ref), this.#host, settleTimeout);
  }

  async processes(ref: CgroupRef): Promise<readonly number[]> {
    return this.#open(ref).processes();
  }

  events(ref: CgroupRef, signal: AbortSignal): AsyncIterable<{ kind: 'oom'; at: Date }> {
    return oomEvents(this.#open(ref), signal);
  }

  async remove(ref: CgroupRef): Promise<void> {
    const cgroup = this.#open(ref);
    await cgroup.remove();
    cgroup.removeEmptyParents(this.#subtree);
  }

  async list(): Promise<readonly string[]> {
    const ids: string[] = [];
    const visit = (directory: string) => {
      for (const name of childrenOf(directory)) {
        if (isContainerId(name)) ids.push(name);
        else visit(join(directory, name));
      }
    };
    visit(join(this.#hierarchy.mount, this.#subtree));
    return ids;
  }

  #existing(ref: CgroupRef): CgroupDirectory {
    const cgroup = this.#open(ref);
    if (!cgroup.exists()) throw new StrataError('not-found', 'CGROUP_NOT_FOUND', 'The cgroup is gone');
    return cgroup;
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
    return new CgroupDirectory(this.#hierarchy, path);
  }
}

function refuseUsed(cgroup: CgroupDirectory): void {
  const frozen = cgroup.read('cgroup.freeze')?.trim() === '1';
  if (!frozen && cgroup.processes().length === 0) return;
  throw new StrataError(
    'failed-precondition',
    'CGROUP_IN_USE',
    `The cgroup /${cgroup.path} exists and ${frozen ? 'is frozen' : 'holds processes'}`,
    { hint: 'Run strata check --repair' },
  );
}

/** Where v1 refuses a limit below what is used, v2 kills until it fits; page cache can go. */
function refuseToKill(cgroup: CgroupDirectory, memory: number | undefined): void {
  if (memory === undefined || memory <= 0 || cgroup.read('memory.max')?.trim() === String(memory)) return;
  const file =
    (cgroup.value('memory.stat', 'active_file') ?? 0) + (cgroup.value('memory.stat', 'inactive_file') ?? 0);
  const used = Number(cgroup.read('memory.current') ?? 0) - file;
  if (used <= memory) return;
  throw new StrataError(
    'failed-precondition',
    'LIMIT_BELOW_USE',
    `The limit memory = ${memory} is below the ${used} bytes in use, so processes would be killed`,
    { hint: 'Stop the container first, or free memory inside it' },
  );
}

/** What to write to get the present value back; throttles are per device and stay. */
function undoOf(cgroup: CgroupDirectory, file: string): string {
  const now = cgroup.read(file)?.trim() ?? '';
  if (file === 'io.max') return '';
  return file === 'io.weight' || file === 'io.bfq.weight' ? (/^default (\d+)/.exec(now)?.[1] ?? now) : now;
}
