/** What is known about snapshots: stat, update, walk, usage. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectError } from '../runner/expect-error.ts';
import type { SnapshotFilter } from './snapshotter.ts';
import type { SnapshotterContext } from './snapshotter-context.ts';
import type { SnapshotterCase } from './snapshotter-suite.ts';

/** c1 ← c2, a1, v1 on c1, a2 and v2 on c2; a3 and c3 on nothing. */
async function family({ snapshotter }: SnapshotterContext): Promise<void> {
  const labels = (kind: string) => ({ labels: { kind, 'strata.test': 'walk' } });
  await snapshotter.prepare('x', undefined);
  await snapshotter.commit('c1', 'x', labels('committed'));
  await snapshotter.prepare('x', 'c1');
  await snapshotter.commit('c2', 'x', labels('committed'));
  await snapshotter.prepare('a1', 'c1', labels('active'));
  await snapshotter.prepare('a2', 'c2', labels('active'));
  await snapshotter.view('v1', 'c1', labels('view'));
  await snapshotter.view('v2', 'c2', { labels: { kind: 'view', 'other.label': '' } });
  await snapshotter.prepare('a3');
  await snapshotter.prepare('x');
  await snapshotter.commit('c3', 'x');
}

const walks: readonly (readonly [expected: string, ...filters: readonly SnapshotFilter[]])[] = [
  ['a1 a2 a3 c1 c2 c3 v1 v2'],
  ['a1 a2 a3', { kind: 'active' }],
  ['v1 v2', { kind: 'view' }],
  ['c1 c2 c3', { kind: 'committed' }],
  ['a1 v2', { name: 'a1' }, { name: 'v2' }],
  ['v1', { name: 'v1', labels: { kind: 'view' } }],
  ['', { name: 'v1', labels: { kind: 'active' } }],
  ['a2 v2', { parent: 'c2' }],
  ['a3 c1 c3', { parent: null }],
  ['a1 a2 c1 c2 v1', { labels: { 'strata.test': true } }],
  ['a1 a2', { labels: { kind: 'active' } }],
  ['', { labels: { kind: 'acti' } }],
];

export const infoCases: readonly SnapshotterCase[] = [
  {
    name: 'containerd/StatActive',
    async run({ snapshotter }) {
      await snapshotter.prepare('active', undefined, { labels: { a: 'b' } });
      const { name, kind, parent, labels } = await snapshotter.stat('active');
      assert.deepEqual(
        { name, kind, parent, ...labels },
        { name: 'active', kind: 'active', parent: undefined, a: 'b' },
      );
    },
  },
  {
    name: 'containerd/StatCommitted',
    async run({ snapshotter }) {
      await snapshotter.prepare('active', undefined, { labels: { of: 'active' } });
      await snapshotter.commit('committed', 'active', { labels: { of: 'committed' } });
      const { name, kind, parent, labels } = await snapshotter.stat('committed');
      assert.deepEqual({ name, kind, parent }, { name: 'committed', kind: 'committed', parent: undefined });
      assert.deepEqual({ ...labels }, { of: 'committed' }, 'labels are replaced at commit');
      await snapshotter.prepare('active', undefined, { labels: { of: 'active' } });
      await snapshotter.commit('bare', 'active');
      assert.deepEqual(
        { ...(await snapshotter.stat('bare')).labels },
        {},
        'labels are not inherited at commit',
      );
    },
  },
  {
    name: 'containerd/GetInfoNotExist',
    async run({ snapshotter }) {
      await expectError('not-found', 'stat', () => snapshotter.stat('missing'));
      await expectError('not-found', 'usage', () => snapshotter.usage('missing'));
      await expectError('not-found', 'update', () => snapshotter.update({ name: 'missing', labels: {} }));
    },
  },
  {
    name: 'containerd/Update',
    async run(context) {
      await family(context);
      const { snapshotter } = context;
      for (const name of ['c1', 'c2', 'a1', 'a2', 'v1', 'v2']) {
        const before = await snapshotter.stat(name);
        assert.deepEqual(before.created, before.updated, 'nothing updated it yet');
        await sleep(2);
        const all = await snapshotter.update({ name, labels: { l1: 'v1', l2: 'v2' } });
        assert.deepEqual({ ...all.labels }, { l1: 'v1', l2: 'v2' });
        assert.ok(all.updated.getTime() > before.updated.getTime(), 'updated did not move');
        const kept = ({ kind, parent, created }: typeof all) => ({ name, kind, parent, created });
        assert.deepEqual(kept(all), kept(before));
        assert.deepEqual(await snapshotter.stat(name), all);
        const some = await snapshotter.update(
          { name, labels: { l1: 'new', l3: 'no' } },
          'labels.l1',
          'labels.l2',
        );
        assert.deepEqual(
          { ...some.labels },
          { l1: 'new' },
          'named labels are set, those without a value deleted',
        );
        const replaced = await snapshotter.update({ name, labels: { only: 'one' } }, 'labels');
        assert.deepEqual({ ...replaced.labels }, { only: 'one' });
        for (const path of ['parent', 'kind', 'name', 'created', 'nonsense']) {
          await expectError('invalid-argument', `update of ${path}`, () =>
            snapshotter.update({ name, labels: {} }, path),
          );
        }
        assert.deepEqual(await snapshotter.stat(name), replaced, 'a refused update changed something');
      }
    },
  },
  {
    name: 'strata/LabelsAreOpaqueText',
    async run({ snapshotter }) {
      const labels = Object.fromEntries([
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['ключ', 'ü\n"\\'],
        ['a.b/c', ''],
      ]);
      Object.defineProperty(labels, '__proto__', { value: 'a', enumerable: true });
      await snapshotter.prepare('active', undefined, { labels });
      const found = (await snapshotter.stat('active')).labels;
      assert.deepEqual(Object.entries(found).sort(), Object.entries(labels).sort());
    },
  },
  {
    name: 'containerd/Walk',
    async run(context) {
      await family(context);
      for (const [expected, ...filters] of walks) {
        const found = [...(await context.walked(...filters)).keys()].sort();
        assert.equal(found.join(' '), expected, `walk(${JSON.stringify(filters)})`);
      }
    },
  },
  {
    name: 'containerd/StatInWalk',
    async run(context) {
      await family(context);
      let seen = 0;
      for await (const info of context.snapshotter.walk()) {
        assert.deepEqual(await context.snapshotter.stat(info.name), info);
        seen += 1;
      }
      assert.equal(seen, 8);
    },
  },
  {
    name: 'moby/RemoveInWalk',
    async run(context) {
      await family(context);
      for await (const { name, kind } of context.snapshotter.walk()) {
        if (kind !== 'committed') await context.snapshotter.remove(name);
      }
      assert.deepEqual([...(await context.walked()).keys()].sort(), ['c1', 'c2', 'c3']);
    },
  },
  {
    name: 'containerd/Usage (stored at commit)',
    async run(context) {
      const MIB = 1024 ** 2;
      const base = await context.commit(undefined, (edit) => edit.file('one', randomBytes(MIB)));
      const { bytes } = await context.snapshotter.usage(base);
      assert.ok(bytes >= MIB && bytes < 1.5 * MIB, `a layer of 1 MiB uses ${bytes}`);
      const child = await context.prepare(base);
      await context.edit(child, (edit) => edit.file('two', randomBytes(2 * MIB)));
      assert.ok((await context.snapshotter.usage(child)).bytes >= 2 * MIB);
      assert.equal((await context.snapshotter.usage(base)).bytes, bytes, 'the parent changed with its child');
      const look = context.unique('view');
      await context.snapshotter.view(look, base);
      assert.ok((await context.snapshotter.usage(look)).bytes < MIB / 4, 'a view owns nothing');
    },
  },
];
