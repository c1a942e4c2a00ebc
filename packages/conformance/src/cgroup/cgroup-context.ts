import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupCapabilities, CgroupDriver, CgroupRef, Host, Resources, Spawned } from '@strata/core';
import { createOn, type DriverSuiteTarget } from '../driver/driver-target.ts';
import type { ConformanceCase, SuiteTarget } from '../runner/case.ts';

export type CgroupSuiteTarget = DriverSuiteTarget<'cgroup'>;
export type CgroupCase = ConformanceCase<CgroupContext, CgroupCapabilities>;

/** One driver; every cgroup a case makes is emptied and removed by {@link CgroupContext.close}. */
export class CgroupContext {
  readonly driver: CgroupDriver;
  readonly host: Host;
  readonly root: string;
  readonly target: CgroupSuiteTarget;
  readonly #before: readonly string[];
  readonly #made: CgroupRef[] = [];
  readonly #children: Spawned[] = [];

  constructor(
    target: CgroupSuiteTarget,
    driver: CgroupDriver,
    start: { root: string; before: readonly string[] },
  ) {
    this.target = target;
    this.host = target.host;
    this.driver = driver;
    this.root = start.root;
    this.#before = start.before;
  }

  newId(): string {
    return randomBytes(32).toString('hex');
  }

  async create(resources: Resources = {}, id = this.newId()): Promise<CgroupRef> {
    const ref = await this.driver.create(id, resources);
    this.#made.push(ref);
    const { path, ...rest } = ref;
    assert.deepEqual(JSON.parse(JSON.stringify(rest)), rest, 'a ref is JSON');
    assert.ok(path === undefined || path.startsWith('/'), 'a path starts at the root of the hierarchy');
    return ref;
  }

  another(): Promise<CgroupDriver> {
    return createOn(this.target, this.root);
  }

  /** A sleeping process in the cgroup, put there as the runtime does: by its path in every mounted hierarchy. */
  async inside(ref: CgroupRef): Promise<Spawned> {
    const child = await this.host.exec.spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore'] });
    this.#children.push(child);
    const mounts = (await this.host.mounter.list()).filter(({ type }) => type.startsWith('cgroup'));
    const files = mounts
      .map(({ target }) => join(target, ref.path ?? '/no-path', 'cgroup.procs'))
      .filter((file) => existsSync(file));
    assert.ok(files.length > 0, `${ref.path} must be a directory of a mounted cgroup hierarchy`);
    for (const file of files) writeFileSync(file, String(child.pid));
    return child;
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      const process = this.host.processes.identify(child.pid);
      if (process !== undefined) this.host.processes.kill(process, 9);
      await child.exited;
    }
    for (const ref of this.#made) await this.driver.remove(ref);
    const left = (await this.driver.list()).filter((id) => !this.#before.includes(id));
    assert.deepEqual(left, [], 'leak probe: list() still names cgroups after all were removed');
  }
}

export function openCgroupContext(target: CgroupSuiteTarget): SuiteTarget<CgroupContext, CgroupCapabilities> {
  return {
    async open() {
      const { root, dispose } = await target.createRoot();
      const driver = await createOn(target, root);
      const context = new CgroupContext(target, driver, { root, before: await driver.list() });
      return {
        context,
        traits: driver.capabilities,
        async close() {
          try {
            await context.close();
          } finally {
            await dispose();
          }
        },
      };
    },
  };
}
