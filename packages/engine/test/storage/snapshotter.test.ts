/** Layers of another engine (containerd) beside Strata's own, on the same driver. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Snapshotter } from '../../src/api/snapshotter.ts';
import { migrations } from '../../src/state/schema.ts';
import { host, testEngine, testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('ext4');
const driver = 'overlay';

async function names(snapshotter: Snapshotter): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of snapshotter.walk()) found.push(name);
  return found.sort();
}

/** `sha256:x` ← `on-x`. */
async function fill({ prepare, commit }: Pick<Snapshotter, 'prepare' | 'commit'>): Promise<void> {
  await prepare('new');
  await commit('sha256:x', 'new');
  await prepare('on-x', 'sha256:x');
}

test('keys are apart: the same names mean other layers', async () => {
  await using store = testServices(directory);
  const storage = await store.apis.storage();
  const own = await store.services.layers.open(driver);
  await own.prepare('mine');
  const foreign = await storage.snapshotter({ driver, owner: 'containerd' });
  const other = await storage.snapshotter({ driver, owner: 'k3s' });
  await fill(foreign);
  await fill(other);
  expect(own.has('sha256:x')).toBe(false);
  await expect(own.prepare('y', 'sha256:x')).rejects.toMatchObject({ kind: 'not-found' });
  await expect(foreign.remove('mine')).rejects.toMatchObject({ kind: 'not-found' });
  await other.remove('on-x');
  expect([await names(foreign), await names(other)]).toEqual([['on-x', 'sha256:x'], ['sha256:x']]);
  const [status] = (await storage.drivers('layer')).filter(({ id }) => id === driver);
  expect(status?.layers).toEqual({
    count: 1,
    containers: 0,
    others: [
      { owner: 'containerd', count: 2 },
      { owner: 'k3s', count: 1 },
    ],
  });
});

test('prune and check leave them alone, and give their disk space back when they are removed', async () => {
  await using store = testServices(directory);
  const [storage, system] = [await store.apis.storage(), await store.apis.system()];
  const foreign = await storage.snapshotter({ driver, owner: 'containerd' });
  await fill(foreign);
  const own = await store.services.layers.open(driver);
  await own.prepare('new');
  await own.commit('sha256:x', 'new');
  expect((await storage.prune()).removedLayers).toBe(1);
  expect(await system.check({ repair: true, deep: true })).toEqual([]);
  expect(await names(foreign)).toEqual(['on-x', 'sha256:x']);
  await foreign.mounts('on-x');
  await foreign.remove('on-x');
  await foreign.remove('sha256:x');
  await foreign.cleanup();
  expect(readdirSync(store.services.paths.layers(driver))).toEqual([]);
});

test('one that is gone from the disk is told, and only its owner may forget it', async () => {
  await using store = testServices(directory);
  const [storage, system] = [await store.apis.storage(), await store.apis.system()];
  const foreign = await storage.snapshotter({ driver, owner: 'containerd' });
  await foreign.prepare('new');
  await foreign.commit('lost', 'new');
  const [id] = readdirSync(store.services.paths.layers(driver)).filter((name) => !name.startsWith('.'));
  rmSync(join(store.services.paths.layers(driver), id!), { recursive: true });
  const findings = await system.check({ repair: true });
  expect(findings).toMatchObject([{ code: 'LAYER_MISSING', subject: 'lost', repaired: false }]);
  expect(findings[0]?.message).toContain('containerd');
  expect(await names(foreign)).toEqual(['lost']);
  await foreign.remove('lost');
});

test('one process per owner, and the next goes on where a dead one stopped', async () => {
  await using first = testEngine(directory);
  const foreign = await first.storage.snapshotter({ driver, owner: 'containerd' });
  await fill(foreign);
  await using second = testEngine(directory, { root: first.base });
  await expect(second.storage.snapshotter({ driver, owner: 'containerd' })).rejects.toMatchObject({
    kind: 'failed-precondition',
    code: 'SNAPSHOTTER_IN_USE',
  });
  await foreign.close();
  await foreign.close();
  await using next = await second.storage.snapshotter({ driver, owner: 'containerd' });
  expect(await names(next)).toEqual(['on-x', 'sha256:x']);
  expect(await next.mounts('on-x')).toEqual(await foreign.mounts('on-x'));
});

test.for(['', '.hidden', 'a/b', 'x'.repeat(65), 'ключ'])('%j is no owner', async (owner) => {
  await using engine = testEngine(directory);
  await expect(engine.storage.snapshotter({ driver, owner })).rejects.toMatchObject({
    kind: 'invalid-argument',
    code: 'SNAPSHOTTER_OWNER_INVALID',
  });
});

test('layers from before there were owners are Strata’s own', async () => {
  const base = mkdtempSync(join(directory, 'old-'));
  mkdirSync(join(base, 'root'), { mode: 0o700 });
  const step = migrations.findIndex((sql) => sql.includes('ADD COLUMN owner'));
  const old = host.databases.open(join(base, 'root', 'strata.db'), { migrations: migrations.slice(0, step) });
  old.run(
    `INSERT INTO layers (driver, key, kind, state, created, updated) VALUES (?, 'old', 'committed', 'ready', '', '')`,
    driver,
  );
  old.close();
  await using store = testServices(directory, { root: base });
  expect((await store.services.layers.open(driver)).has('old')).toBe(true);
  const storage = await store.apis.storage();
  expect(await names(await storage.snapshotter({ driver, owner: 'containerd' }))).toEqual([]);
});
