import assert from 'node:assert/strict';
import type { CgroupCapabilities } from '@strata/core';
import { expectError } from '../runner/expect-error.ts';
import type { CgroupCase } from './cgroup-context.ts';

/** A driver that can do nothing makes nothing. */
const needsCgroups = (traits: CgroupCapabilities): string | undefined =>
  Object.values(traits).some(Boolean)
    ? undefined
    : 'the driver declares nothing, so there is no cgroup to look at';

export const processCases: readonly CgroupCase[] = [
  {
    name: 'strata/CreateListRemove',
    excludedBy: needsCgroups,
    async run(context) {
      const ref = await context.create();
      assert.ok((await context.driver.list()).includes(ref.id), 'list names it');
      const other = await context.another();
      assert.ok((await other.list()).includes(ref.id), 'also in another process');
      await other.remove(ref);
      assert.ok(!(await context.driver.list()).includes(ref.id), 'gone');
    },
  },
  {
    name: 'strata/RemoveIsIdempotent',
    async run(context) {
      const ref = await context.create();
      for (let n = 0; n < 3; n++) await context.driver.remove(ref);
    },
  },
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
    name: 'strata/CreateRefusesACgroupInUse',
    excludedBy: needsCgroups,
    async run(context) {
      const ref = await context.create();
      const child = await context.inside(ref);
      await assert.rejects(context.driver.create(ref.id, {}), 'somebody lives in it');
      assert.deepEqual(await context.driver.processes(ref), [child.pid], 'and is not disturbed');
    },
  },
  {
    name: 'strata/ParentsCannotLeaveTheSubtree',
    excludedBy: needsCgroups,
    async run(context) {
      for (const parent of ['../../x', '/a/../../b', 'a\nb'])
        await expectError('invalid-argument', `parent ${JSON.stringify(parent)}`, () =>
          context.driver.create(context.newId(), {}, { parent }),
        );
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
    name: 'strata/FreezeIsRefused',
    excludedBy: ({ freezer }) => (freezer ? 'the driver freezes' : undefined),
    async run(context) {
      const ref = await context.create();
      await expectError('unsupported', 'freeze', () => context.driver.freeze(ref));
    },
  },
];
