import assert from 'node:assert/strict';
import { expectError } from '../runner/expect-error.ts';
import type { LayerCase } from './layer-suite.ts';

export const lifecycleCases: readonly LayerCase[] = [
  {
    name: 'graphtest/CreateEmpty',
    async run(context) {
      const empty = await context.commit(undefined);
      await context.look(empty, (edit) => assert.deepEqual(edit.names(), []));
    },
  },
  {
    name: 'containerd/RootPermission',
    async run(context) {
      const before = process.umask(0o077);
      try {
        const id = await context.prepare(undefined);
        await context.edit(id, (edit) => {
          const { uid, gid } = edit.lstat('.');
          assert.equal(edit.mode('.').toString(8), '755', 'the root of a layer without parents');
          assert.deepEqual([uid, gid], [0n, 0n]);
        });
      } finally {
        process.umask(before);
      }
    },
  },
  {
    name: 'strata/CreateTwiceIsRefused',
    async run(context) {
      const id = await context.prepare(undefined);
      await context.edit(id, (edit) => edit.file('mine', 'first'));
      await expectError('already-exists', 'create of an id in use', () =>
        context.driver.create(context.layer(id)),
      );
      const base = await context.commit(undefined);
      const again = { id, parents: [base] };
      await expectError('already-exists', 'create of an id in use, with a parent', () =>
        context.driver.create(again),
      );
      await context.edit(id, (edit) =>
        assert.equal(edit.read('mine'), 'first', 'the existing layer was changed'),
      );
    },
  },
  {
    name: 'strata/CreateOnMissingParentIsRefused',
    async run(context) {
      const base = await context.commit(undefined);
      for (const parents of [['nosuchparent'], [base, 'nosuchparent']]) {
        const layer = { id: context.newId(), parents };
        await expectError('failed-precondition', 'create on a parent that is not there', () =>
          context.driver.create(layer),
        );
        assert.ok(!(await context.driver.list()).includes(layer.id), 'the refused layer is on disk');
      }
    },
  },
  {
    name: 'strata/MissingLayerIsNotFound',
    async run({ driver }) {
      const ghost = { id: 'nosuchlayer', parents: [] };
      await expectError('not-found', 'mounts', () => driver.mounts(ghost, 'ro'));
      await expectError('not-found', 'unpackTarget', () => driver.unpackTarget(ghost));
      await expectError('not-found', 'usage', () => driver.usage(ghost));
      await expectError('not-found', 'seal', () => driver.seal(ghost));
      assert.deepEqual(await driver.list(), []);
    },
  },
  {
    name: 'strata/RemoveIsIdempotent',
    async run(context) {
      const id = await context.prepare(undefined);
      await context.edit(id, (edit) => edit.file('x', 'x'));
      await context.driver.remove(id);
      await context.driver.remove(id);
      await context.driver.remove('neverexisted');
      await context.driver.cleanup();
      await context.driver.remove(id);
      await context.driver.cleanup();
      assert.deepEqual(await context.driver.list(), []);
    },
  },
  {
    name: 'containerd/Remove (the id is free again)',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      const layer = await context.create(base);
      await context.edit(layer.id, (edit) => edit.file('old', 'old'));
      await context.driver.remove(layer.id);
      const again = context.track({ id: layer.id, parents: [] });
      await context.driver.create(again);
      await context.edit(again.id, (edit) =>
        assert.deepEqual(edit.names(), [], 'content of the removed layer'),
      );
      await context.driver.cleanup();
      await context.edit(again.id, (edit) => assert.deepEqual(edit.names(), [], 'after cleanup'));
      await context.driver.seal(again);
      await context.driver.remove(again.id);
      context.track({ id: layer.id, parents: [base] });
      await context.driver.create(context.layer(layer.id));
      await context.edit(layer.id, (edit) =>
        assert.deepEqual(edit.names(), ['base'], 'under another parent'),
      );
    },
  },
  {
    name: 'graphtest/ListLayers',
    async run(context) {
      const base = await context.commit(undefined);
      const child = await context.commit(base);
      const active = await context.prepare(child);
      const gone = await context.prepare(child);
      await context.remove(gone);
      const expected = [base, child, active].sort();
      assert.deepEqual([...(await context.driver.list())].sort(), expected);
      assert.deepEqual(
        [...(await (await context.anotherDriver()).list())].sort(),
        expected,
        'another process',
      );
    },
  },
  {
    name: 'strata/IdsOfOneAndOfSixteenCharacters',
    async run(context) {
      for (const id of ['a', '0', 'z9', '0123456789abcdef']) {
        await context.driver.create(context.plan(undefined, id));
        await context.edit(id, (edit) => edit.file('id', id));
      }
      assert.deepEqual([...(await context.driver.list())].sort(), ['0', '0123456789abcdef', 'a', 'z9']);
      await context.edit('a', (edit) => assert.equal(edit.read('id'), 'a'));
    },
  },
  {
    name: 'strata/SealIsIdempotent',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.dir('.', { mode: 0o711 }));
      const layer = await context.create(base);
      await context.edit(layer.id, (edit) => edit.file('x', 'x'));
      await context.driver.seal(layer);
      const once = await context.picture(layer.id);
      await context.driver.seal(layer);
      await (await context.anotherDriver()).seal(layer);
      assert.deepEqual(await context.picture(layer.id), once);
    },
  },
  {
    name: 'strata/MountsAreRepeatable',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('x', 'x'));
      const active = await context.create(base);
      const other = await context.anotherDriver();
      for (const access of ['rw', 'ro'] as const) {
        const first = await context.driver.mounts(active, access);
        assert.deepEqual(await context.driver.mounts(active, access), first);
        assert.deepEqual(await other.mounts(active, access), first, 'in another process');
      }
      assert.deepEqual(
        await context.host.mounter.list(context.root).then(below(context.root)),
        [],
        'it mounted something',
      );
    },
  },
  {
    name: 'strata/FlushReachesTheFilesystem',
    async run(context) {
      let calls = 0;
      const { host } = context;
      const watched = {
        ...host,
        files: new Proxy(host.files, {
          get(target, name) {
            if (name === 'syncfs') calls += 1;
            return Reflect.get(target, name, target);
          },
        }),
        exec: new Proxy(host.exec, {
          get(target, name) {
            calls += 1;
            return Reflect.get(target, name, target);
          },
        }),
      };
      const driver = await context.anotherDriver(watched);
      await context.commit(undefined, (edit) => edit.file('x', 'x'));
      calls = 0;
      await driver.flush();
      assert.ok(calls > 0, 'flush neither synced a filesystem nor ran a program: nothing is durable');
    },
  },
];

function below(root: string) {
  return <T extends { readonly target: string }>(mounts: readonly T[]): T[] =>
    mounts.filter(({ target }) => target !== root);
}
