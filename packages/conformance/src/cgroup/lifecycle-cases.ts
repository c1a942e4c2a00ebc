import assert from 'node:assert/strict';
import { expectError } from '../runner/expect-error.ts';
import type { CgroupCase } from './cgroup-context.ts';
import { needs, needsCgroups } from './needs.ts';

export const lifecycleCases: readonly CgroupCase[] = [
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
    name: 'strata/CreateRefusesAFrozenCgroup',
    excludedBy: needs('freezer'),
    async run(context) {
      const ref = await context.create();
      await context.driver.freeze(ref);
      await expectError('failed-precondition', 'create over a frozen one', () =>
        context.driver.create(ref.id, {}),
      );
      await context.driver.thaw(ref);
      await context.driver.create(ref.id, {});
    },
  },
  {
    name: 'strata/ParentsAreMadeAndTakenAway',
    excludedBy: needsCgroups,
    async run(context) {
      const { driver } = context;
      const parent = '/team/a';
      const first = await driver.create(context.newId(), {}, { parent });
      const second = await driver.create(context.newId(), {}, { parent });
      try {
        assert.match(first.path ?? '', /\/team\/a\//, 'below the parent asked for');
        assert.ok((await driver.list()).includes(first.id), 'list looks below parents');
        await driver.remove(first);
        assert.ok((await driver.list()).includes(second.id), 'the other keeps the parent');
      } finally {
        await driver.remove(first);
        await driver.remove(second);
      }
      const [above] = (second.path ?? '').split('/team/');
      await assert.rejects(
        context.directories({ ...second, path: `${above}/team` }),
        'a parent goes with its last child',
      );
    },
  },
  {
    name: 'strata/RemoveRefusesAndSparesTheLiving',
    excludedBy: needsCgroups,
    async run(context) {
      const ref = await context.create();
      const child = await context.inside(ref);
      await expectError('failed-precondition', 'remove', () => context.driver.remove(ref));
      assert.deepEqual(await context.driver.processes(ref), [child.pid], 'kills nothing by itself');
    },
  },
  {
    name: 'strata/ManyAtOnce',
    excludedBy: needsCgroups,
    async run(context) {
      const drivers = await Promise.all([context.driver, context.another(), context.another()]);
      for (let round = 0; round < 3; round++) {
        const made = await Promise.all(
          Array.from({ length: 12 }, async (_, n) => {
            const driver = drivers[n % drivers.length]!;
            const ref = await driver.create(context.newId(), {}, n % 2 === 0 ? { parent: 'crowd' } : {});
            await driver.remove(ref);
            return ref.id;
          }),
        );
        const left = (await context.driver.list()).filter((id) => made.includes(id));
        assert.deepEqual(left, []);
      }
    },
  },
];
