/** From active to committed. */
import assert from 'node:assert/strict';
import { isStrataError } from '@strata/core';
import { expectError } from '../runner/expect-error.ts';
import type { SnapshotterCase } from './snapshotter-suite.ts';

export const commitCases: readonly SnapshotterCase[] = [
  {
    name: 'containerd/Basic',
    async run(context) {
      const { snapshotter } = context;
      await context.mounted(await snapshotter.prepare('key'), (edit) => edit.file('foo', 'foo\n'));
      await snapshotter.commit('layer-1', 'key');
      const one = await snapshotter.stat('layer-1');
      assert.deepEqual([one.name, one.kind, one.parent], ['layer-1', 'committed', undefined]);
      await expectError('not-found', 'stat of the key after commit', () => snapshotter.stat('key'));
      const next = await snapshotter.prepare('key-2', 'layer-1');
      await context.mounted(next, (edit) => {
        assert.equal(edit.read('foo'), 'foo\n');
        edit.unlink('foo');
        edit.file('bar', 'bar\n');
      });
      const active = await snapshotter.stat('key-2');
      assert.deepEqual([active.kind, active.parent], ['active', 'layer-1']);
      await snapshotter.commit('layer-2', 'key-2');
      const walked = await context.walked();
      assert.deepEqual([...walked.keys()].sort(), ['layer-1', 'layer-2']);
      for (const [name, info] of walked) assert.deepEqual(await snapshotter.stat(name), info);
      await context.look('layer-2', (edit) => assert.deepEqual(edit.names(), ['bar']));
      await expectError('failed-precondition', 'remove of a parent', () => snapshotter.remove('layer-1'));
      await snapshotter.remove('layer-2');
      await snapshotter.remove('layer-1');
    },
  },
  {
    name: 'containerd/Transitivity',
    async run(context) {
      const a = await context.commit(undefined, (edit) => edit.file('foo', 'x'));
      const b = await context.commit(a, (edit) => edit.file('bar', 'x'));
      assert.equal((await context.snapshotter.stat(b)).parent, a);
      assert.equal((await context.snapshotter.stat(a)).parent, undefined);
    },
  },
  {
    name: 'containerd/CommitNotExist',
    async run({ snapshotter }) {
      await expectError('not-found', 'commit of a missing key', () => snapshotter.commit('name', 'missing'));
      await expectError('not-found', 'stat of the name', () => snapshotter.stat('name'));
    },
  },
  {
    name: 'containerd/CommitExist',
    async run(context) {
      const { snapshotter } = context;
      const taken = await context.commit(undefined, (edit) => edit.file('mine', 'x'));
      await snapshotter.prepare('active');
      await snapshotter.prepare('other');
      for (const name of [taken, 'other']) {
        await expectError('already-exists', `commit to ${name}`, () => snapshotter.commit(name, 'active'));
      }
      assert.equal(
        (await snapshotter.stat('active')).kind,
        'active',
        'the refused commit took the active one',
      );
      await context.edit('active', (edit) => edit.file('writable', 'x'));
    },
  },
  {
    name: 'containerd/CommitCommitted',
    async run(context) {
      const name = await context.commit(undefined);
      await expectError('failed-precondition', 'commit of a committed one', () =>
        context.snapshotter.commit('again', name),
      );
    },
  },
  {
    name: 'containerd/CommitViewFails',
    async run({ snapshotter }) {
      await snapshotter.view('view');
      await expectError('failed-precondition', 'commit of a view', () => snapshotter.commit('name', 'view'));
      assert.equal((await snapshotter.stat('view')).kind, 'view');
    },
  },
  {
    name: 'containerd/MountsOfCommitted',
    async run(context) {
      const name = await context.commit(undefined);
      await expectError('failed-precondition', 'mounts of a committed one', () =>
        context.snapshotter.mounts(name),
      );
      await expectError('not-found', 'mounts of a missing one', () => context.snapshotter.mounts('missing'));
    },
  },
  {
    name: 'containerd/MountsAreRederived',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'x'));
      const first = await context.snapshotter.prepare('active', base);
      await context.mounted(first, (edit) => edit.file('kept', 'x'));
      assert.deepEqual(await context.snapshotter.mounts('active'), first);
      await context.edit('active', (edit) => assert.deepEqual(edit.names(), ['base', 'kept']));
    },
  },
  {
    name: 'containerd/Rebase (commit with a parent)',
    excludedBy: ({ independentUnpack }) =>
      independentUnpack ? undefined : 'independentUnpack is false, see strata/RebaseIsRefused',
    async run(context) {
      const { snapshotter } = context;
      const base = await context.commit(undefined, (edit) => edit.file('base', 'x'));
      const other = await context.commit(undefined);
      await context.mounted(await snapshotter.prepare('loose'), (edit) => edit.file('own', 'x'));
      await snapshotter.prepare('active');
      await expectError('failed-precondition', 'rebase onto an active one', () =>
        snapshotter.commit('name', 'loose', { parent: 'active' }),
      );
      await expectError('not-found', 'rebase onto a missing one', () =>
        snapshotter.commit('name', 'loose', { parent: 'missing' }),
      );
      await snapshotter.commit('name', 'loose', { parent: base });
      assert.equal((await snapshotter.stat('name')).parent, base);
      await context.look('name', (edit) => assert.deepEqual(edit.names(), ['base', 'own']));
      await expectError('failed-precondition', 'remove of its parent', () => snapshotter.remove(base));
      await snapshotter.prepare('bound', base);
      await expectError('invalid-argument', 'change of an existing parent', () =>
        snapshotter.commit('moved', 'bound', { parent: other }),
      );
    },
  },
  {
    name: 'strata/RebaseIsRefused',
    excludedBy: ({ independentUnpack }) => (independentUnpack ? 'independentUnpack is true' : undefined),
    async run(context) {
      const base = await context.commit(undefined);
      await context.snapshotter.prepare('loose');
      const error: unknown = await context.snapshotter.commit('name', 'loose', { parent: base }).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      const kinds = ['failed-precondition', 'invalid-argument', 'unsupported'] as const;
      const refused = kinds.some((kind) => isStrataError(error, kind));
      assert.ok(refused, `a driver that cannot rebase was made to: ${String(error)}`);
      assert.equal((await context.snapshotter.stat('loose')).kind, 'active');
    },
  },
];
