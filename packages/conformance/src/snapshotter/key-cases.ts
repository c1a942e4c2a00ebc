/** Making and removing: which keys are free, who may be a parent. */
import assert from 'node:assert/strict';
import { errnoFrom, expectError } from '../runner/expect-error.ts';
import type { SnapshotterCase } from './snapshotter-suite.ts';

export const keyCases: readonly SnapshotterCase[] = [
  {
    name: 'containerd/PrepareViewFailing',
    async run({ snapshotter }) {
      await snapshotter.prepare('active');
      await snapshotter.view('view');
      for (const key of ['active', 'view']) {
        await expectError('already-exists', `prepare of ${key}`, () => snapshotter.prepare(key));
        await expectError('already-exists', `view of ${key}`, () => snapshotter.view(key));
      }
    },
  },
  {
    name: 'containerd/OneKeySpace (bolt.go CreateActiveExist)',
    async run(context) {
      const { snapshotter } = context;
      const name = await context.commit(undefined);
      await expectError('already-exists', 'prepare of a committed name', () => snapshotter.prepare(name));
      await expectError('already-exists', 'view of a committed name', () => snapshotter.view(name, name));
      assert.equal((await snapshotter.stat(name)).kind, 'committed');
    },
  },
  {
    name: 'containerd/CreateActiveNotExist',
    async run({ snapshotter }) {
      await expectError('not-found', 'prepare on a missing parent', () =>
        snapshotter.prepare('a', 'missing'),
      );
      await expectError('not-found', 'view of a missing parent', () => snapshotter.view('a', 'missing'));
      await snapshotter.prepare('a'); // the refused ones took no key
    },
  },
  {
    name: 'containerd/CreateActiveFromActive',
    async run(context) {
      const { snapshotter } = context;
      await snapshotter.prepare('active');
      await snapshotter.view('view');
      for (const parent of ['active', 'view']) {
        await expectError('invalid-argument', `prepare on ${parent}`, () => snapshotter.prepare('x', parent));
        await expectError('invalid-argument', `view of ${parent}`, () => snapshotter.view('x', parent));
      }
    },
  },
  {
    name: 'strata/EmptyKeysAndNames',
    async run({ snapshotter }) {
      await expectError('invalid-argument', 'prepare', () => snapshotter.prepare(''));
      await expectError('invalid-argument', 'view', () => snapshotter.view(''));
      await snapshotter.prepare('active');
      await expectError('invalid-argument', 'commit', () => snapshotter.commit('', 'active'));
      assert.equal((await snapshotter.stat('active')).kind, 'active', 'the refused commit changed something');
    },
  },
  {
    name: 'strata/KeysAreOpaqueText',
    async run({ snapshotter }) {
      const keys = [
        'sha256:00/../../etc',
        '..',
        "'; drop table layers; --",
        'ключ 🗝',
        'x'.repeat(512),
        '__proto__',
      ];
      for (const key of keys) await snapshotter.prepare(key, undefined, { labels: { __proto__x: key } });
      for (const key of keys) assert.equal((await snapshotter.stat(key)).name, key);
      for (const key of keys) await snapshotter.remove(key);
    },
  },
  {
    name: 'containerd/Remove (keys and names are free again)',
    async run(context) {
      const { snapshotter } = context;
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      for (const make of [
        () => snapshotter.prepare('key', base),
        () => snapshotter.view('key', base),
        () => snapshotter.prepare('key'),
        () => snapshotter.view('key'),
        () => snapshotter.prepare('key', base),
      ]) {
        await context.mounted(await make(), (edit) => {
          assert.ok(
            edit.names().every((name) => name === 'base'),
            'content of the removed one',
          );
          errnoFrom(() => edit.file('left', 'x'));
        });
        await snapshotter.remove('key');
        await expectError('not-found', 'stat of the removed one', () => snapshotter.stat('key'));
      }
      for (let time = 0; time < 2; time += 1) {
        await snapshotter.prepare('key', base);
        await snapshotter.commit('name', 'key');
        await snapshotter.remove('name');
      }
    },
  },
  {
    name: 'containerd/RemoveNotExist',
    async run({ snapshotter }) {
      await expectError('not-found', 'remove', () => snapshotter.remove('missing'));
    },
  },
  {
    name: 'containerd/RemoveIntermediateSnapshot',
    async run(context) {
      const { snapshotter } = context;
      const bottom = await context.commit(undefined, (edit) => edit.file('bottom', 'x'));
      const middle = await context.commit(bottom, (edit) => edit.file('middle', 'x'));
      const top = await context.prepare(middle);
      const look = context.unique('look');
      await snapshotter.view(look, middle);
      for (const name of [middle, bottom]) {
        const error = await expectError('failed-precondition', `remove of ${name}`, () =>
          snapshotter.remove(name),
        );
        assert.match(error.message, /remove|child/i, 'the message says what could not be done');
      }
      await context.edit(top, (edit) => assert.deepEqual(edit.names(), ['bottom', 'middle']));
      await snapshotter.remove(top);
      await expectError('failed-precondition', 'remove below a view', () => snapshotter.remove(middle));
      for (const name of [look, middle, bottom]) await snapshotter.remove(name);
      assert.equal((await context.walked()).size, 0);
    },
  },
  {
    name: 'containerd/ViewReadonly (through the store)',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('file', 'x'));
      const child = await context.commit(base, (edit) => edit.file('child', 'x'));
      for (const parent of [base, child, undefined]) {
        const key = context.unique('view');
        const mounts = await context.snapshotter.view(key, parent);
        await context.mounted(mounts, (edit) =>
          assert.equal(
            errnoFrom(() => edit.file('new', 'x')),
            'EROFS',
          ),
        );
        assert.deepEqual(await context.snapshotter.mounts(key), mounts);
        await context.snapshotter.remove(key);
      }
    },
  },
  {
    name: 'containerd/CloseTwice',
    async run({ snapshotter }) {
      await snapshotter.close();
      await snapshotter.close();
    },
  },
  {
    name: 'strata/ManyAtOnce',
    async run(context) {
      const { snapshotter } = context;
      const base = await context.commit(undefined, (edit) => edit.file('base', 'x'));
      const keys = Array.from({ length: 20 }, (_, n) => `many-${n}`);
      await Promise.all(keys.map((key) => snapshotter.prepare(key, base)));
      const twice = await Promise.allSettled([1, 2, 3, 4].map(() => snapshotter.prepare('one', base)));
      assert.equal(twice.filter(({ status }) => status === 'fulfilled').length, 1, 'one key, one winner');
      await Promise.all(keys.map((key) => snapshotter.commit(`done-${key}`, key)));
      assert.equal((await context.walked({ kind: 'committed', parent: base })).size, keys.length);
      await Promise.all(keys.map((key) => snapshotter.remove(`done-${key}`)));
    },
  },
];
