import {
  type CgroupCapabilities,
  type CgroupDriver,
  type CgroupRef,
  type CgroupStats,
  type Resources,
  StrataError,
} from '@strata/core';

/**
 * Honours nothing yet, and so refuses every limit rather than ignore it. Turn a capability on together with the code
 * that keeps it: the suite then runs its cases.
 */
export class ExampleCgroupDriver implements CgroupDriver {
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

  async create(id: string, resources: Resources): Promise<CgroupRef> {
    refuse(resources);
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
  return new StrataError(
    'unsupported',
    'EXAMPLE_UNSUPPORTED',
    `The driver example does not support ${what} yet`,
    {
      hint: 'Choose another cgroup driver in config.toml',
    },
  );
}
