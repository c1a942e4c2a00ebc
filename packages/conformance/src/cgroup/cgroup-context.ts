import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { CgroupCapabilities, CgroupDriver, CgroupRef, Host, Resources, Spawned } from '@strata/core';
import { createOn, type DriverSuiteTarget } from '../driver/driver-target.ts';
import type { ConformanceCase, SuiteTarget } from '../runner/case.ts';

export type CgroupSuiteTarget = DriverSuiteTarget<'cgroup'>;
export type CgroupCase = ConformanceCase<CgroupContext, CgroupCapabilities>;

/** Milliseconds for what the kernel does by and by; software emulation is slow. */
const PATIENCE = 30_000;

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

  async create(resources: Resources = {}, options?: { readonly parent?: string }): Promise<CgroupRef> {
    const ref = await this.driver.create(this.newId(), resources, options);
    this.#made.push(ref);
    const { path, ...rest } = ref;
    assert.deepEqual(JSON.parse(JSON.stringify(rest)), rest, 'a ref is JSON');
    assert.ok(path === undefined || path.startsWith('/'), 'a path starts at the root of the hierarchy');
    return ref;
  }

  another(): Promise<CgroupDriver> {
    return createOn(this.target, this.root);
  }

  /** A sleeping process in the cgroup. */
  inside(ref: CgroupRef): Promise<Spawned> {
    return this.run(ref, 'exec sleep 600');
  }

  /** A process that begins with the script once it is in the cgroup, where the runtime would put it. */
  async run(ref: CgroupRef, script: string): Promise<Spawned> {
    const child = await this.host.exec.spawn('sh', ['-c', `read go; ${script}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#children.push(child);
    for (const directory of await this.directories(ref))
      writeFileSync(join(directory, 'cgroup.procs'), String(child.pid));
    (child.pipes.get(0) as Writable).end('\n');
    return child;
  }

  /** The cgroup's directory in every mounted hierarchy that has it, once: one may be mounted again elsewhere. */
  async directories(ref: CgroupRef): Promise<readonly string[]> {
    const mounts = (await this.host.mounter.list()).filter(({ type }) => type.startsWith('cgroup'));
    const found = mounts
      .map(({ target }) => join(target, ref.path ?? '/no-path'))
      .filter((directory) => existsSync(join(directory, 'cgroup.procs')));
    assert.ok(found.length > 0, `${ref.path} must be a directory of a mounted cgroup hierarchy`);
    const inodes = found.map((directory) => statSync(directory)).map(({ dev, ino }) => `${dev}:${ino}`);
    return found.filter((_, at) => inodes.indexOf(inodes[at]!) === at);
  }

  /** Ask until it is so; the kernel counts some things late. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; !(await holds()); await delay(20))
      assert.ok(Date.now() < deadline, `not within ${PATIENCE / 1000} s: ${what}`);
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      const process = this.host.processes.identify(child.pid);
      if (process !== undefined) this.host.processes.kill(process, 9);
    }
    for (const ref of this.#made) {
      await this.driver.kill(ref);
      await this.driver.remove(ref);
    }
    await Promise.all(this.#children.map(({ exited }) => exited));
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
