import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectError } from '../runner/expect-error.ts';
import type { CgroupCase } from './cgroup-context.ts';
import { needs, needsCgroups } from './needs.ts';

export const processCases: readonly CgroupCase[] = [
  {
    name: 'strata/ProcessesAreListedAndKilled',
    excludedBy: needsCgroups,
    async run(context) {
      const ref = await context.create();
      assert.deepEqual(await context.driver.processes(ref), []);
      const child = await context.inside(ref);
      assert.deepEqual(await context.driver.processes(ref), [child.pid]);
      await (await context.another()).kill(ref);
      assert.equal((await child.exited).signal, 'SIGKILL');
      assert.deepEqual(await context.driver.processes(ref), [], 'empty once kill resolves');
    },
  },
  {
    name: 'strata/FreezeThaw',
    excludedBy: ({ freezer }) => (freezer ? undefined : 'the driver cannot freeze'),
    async run(context) {
      const ref = await context.create();
      const child = await context.inside(ref);
      await context.driver.freeze(ref);
      await context.driver.freeze(ref);
      await context.driver.thaw(ref);
      await context.driver.thaw(ref);
      await context.driver.freeze(ref);
      await context.driver.kill(ref);
      assert.equal((await child.exited).signal, 'SIGKILL', 'kill thaws first');
    },
  },
  {
    name: 'strata/FrozenStandsStillAndThawedGoesOn',
    excludedBy: needs('freezer', 'stats'),
    async run(context) {
      const spin = 'while :; do :; done';
      const [ref, clock] = [await context.create(), await context.create()];
      const used = async (of: typeof ref) => (await context.driver.stats(of)).cpuUsageNs;
      const start = await used(ref);
      await context.run(ref, spin);
      await context.until('it uses the CPU', async () => (await used(ref)) > start);
      await context.driver.freeze(ref);
      const frozen = await used(ref);
      await context.run(clock, spin);
      await context.until('another has had its turn', async () => (await used(clock)) > 100_000_000);
      assert.equal(await used(ref), frozen, 'uses no CPU while frozen');
      await (await context.another()).thaw(ref);
      await context.until('it goes on', async () => (await used(ref)) > frozen);
    },
  },
  {
    name: 'strata/KillTakesThoseThatFork',
    excludedBy: needs('pids'),
    async run(context) {
      const ref = await context.create({ pids: 40 });
      const child = await context.run(ref, 'while :; do sleep 600 & sleep 0.01; done');
      await context.until('it forks', async () => (await context.driver.processes(ref)).length > 5);
      await context.driver.kill(ref);
      assert.deepEqual(await context.driver.processes(ref), []);
      assert.equal((await child.exited).signal, 'SIGKILL');
      await context.driver.kill(ref);
    },
  },
  {
    name: 'strata/CgroupsBelowBelongToIt',
    excludedBy: needsCgroups,
    async run(context) {
      const ref = await context.create();
      const child = await context.inside(ref);
      for (const directory of await context.directories(ref)) {
        const below = join(directory, 'made-inside');
        mkdirSync(below);
        for (const name of ['cpuset.cpus', 'cpuset.mems']) inherit(directory, below, name);
        writeFileSync(join(below, 'cgroup.procs'), String(child.pid));
      }
      assert.deepEqual(await context.driver.processes(ref), [child.pid]);
      await context.driver.kill(ref);
      assert.equal((await child.exited).signal, 'SIGKILL');
      await context.driver.remove(ref);
      assert.ok(!(await context.driver.list()).includes(ref.id), 'removed with what is below');
    },
  },
  {
    name: 'strata/FreezeIsRefused',
    excludedBy: ({ freezer }) => (freezer ? 'the driver freezes' : undefined),
    async run(context) {
      const ref = await context.create();
      await expectError('unsupported', 'freeze', () => context.driver.freeze(ref));
    },
  },
];

/** A v1 cpuset is born empty and takes nobody. */
function inherit(from: string, to: string, name: string): void {
  const file = join(to, name);
  const value = existsSync(file) ? readFileSync(join(from, name), 'utf8').trim() : '';
  if (value !== '') writeFileSync(file, value);
}
