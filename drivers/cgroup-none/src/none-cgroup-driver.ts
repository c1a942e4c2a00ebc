import {
  type CgroupCapabilities,
  type CgroupDriver,
  type CgroupRef,
  type CgroupStats,
  type Host,
  type Resources,
  StrataError,
} from '@strata/core';

/** Honours nothing, so it refuses every limit rather than ignore it. */
export class NoCgroupDriver implements CgroupDriver {
  readonly capabilities: CgroupCapabilities = {
    memory: false,
    cpu: false,
    pids: false,
    blockIo: false,
    cpuset: false,
    devices: false,
    freezer: false,
    stats: false,
  };
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  async create(id: string, resources: Resources): Promise<CgroupRef> {
    refuse(resources);
    this.#host.log.debug('no cgroup is made', { id });
    return { id, path: undefined, state: {} };
  }

  async update(_ref: CgroupRef, resources: Resources): Promise<void> {
    refuse(resources);
  }

  async stats(): Promise<CgroupStats> {
    throw without('statistics');
  }

  async freeze(): Promise<void> {
    throw without('pause');
  }

  async thaw(): Promise<void> {
    throw without('unpause');
  }

  /** Nothing is known to be in it; the runtime kills by its own means. */
  async kill(): Promise<void> {}

  async processes(): Promise<readonly number[]> {
    return [];
  }

  async *events(): AsyncIterable<never> {}

  async remove(): Promise<void> {}

  async list(): Promise<readonly string[]> {
    return [];
  }
}

function refuse(resources: Resources): void {
  const [name] = Object.entries(resources).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (name !== undefined) throw without(`the limit ${name}`);
}

function without(what: string): StrataError {
  return new StrataError('unsupported', 'CGROUP_NONE', `There is no ${what} without cgroups`, {
    hint: 'Set cgroup = "v1" or "v2" in the configuration on a host that has them',
  });
}
