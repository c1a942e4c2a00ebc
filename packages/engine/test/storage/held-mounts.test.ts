/** A driver whose mounts use one another, served to an engine that cannot be told so. */
import { existsSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Layer, type LayerDriver, type Mount, storeTag } from '@strata/core';
import overlay from '@strata/driver-layer-overlay';
import { expect, test, vi } from 'vitest';
import type { Snapshotter } from '../../src/api/snapshotter.ts';
import { createEngine } from '../../src/index.ts';
import { migrations } from '../../src/state/schema.ts';
import { allDrivers, host, testEngine, testFilesystem } from '../store.ts';

const directory = await testFilesystem('ext4');
const driver = 'stacking';

/** Overlay's, described as: the driver's directory, every parent on its own place in it, and an overlay over those. */
const stacking = {
  ...overlay,
  id: driver,
  async create(context: Parameters<typeof overlay.create>[0]): Promise<LayerDriver> {
    const plain = await overlay.create(context);
    const mounts = async (layer: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> => {
      const [only, ...rest] = await plain.mounts(layer, access);
      if (only === undefined || rest.length > 0 || only.type !== 'overlay') return [only!, ...rest];
      const parents = layer.parents.map((id) => ({
        type: 'bind',
        source: `${context.root}/${id}/fs`,
        target: `${id}/fs`,
        options: ['bind', 'ro'],
      }));
      const whole = { type: 'bind', source: context.root, options: ['bind'] };
      return [whole, ...parents, { ...only, base: '.' }];
    };
    return new Proxy(plain, {
      get: (target, name) => {
        const member: unknown = name === 'mounts' ? mounts : Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  },
};

async function opened(base?: string) {
  const engine = testEngine(directory, {
    drivers: [...allDrivers, stacking],
    ...(base === undefined ? {} : { root: base }),
  });
  const snapshotter = await engine.storage.snapshotter({ driver, owner: 'containerd' });
  const places = join(engine.base, 'run/held', storeTag(join(engine.base, 'root')));
  return {
    engine,
    base: engine.base,
    snapshotter,
    places,
    held: async () => (await host.mounter.list(places)).map(({ target }) => target),
    async [Symbol.asyncDispose]() {
      await snapshotter.close();
      await engine.close();
    },
  };
}

/** `bottom` ← `top`, each with the file of its name and mark. */
async function twoLayers(snapshotter: Snapshotter, mark = ''): Promise<void> {
  for (const [name, parent] of [
    ['bottom', ''],
    ['top', 'bottom'],
  ] as const) {
    const mounts = await snapshotter.prepare(`make-${name}`, parent);
    await host.mounter.withMounted(mounts, async (at) => writeFileSync(join(at, name + mark), name));
    await snapshotter.commit(name, `make-${name}`);
  }
}

const names = (mounts: readonly Mount[]) =>
  host.mounter.withMounted(mounts, async (at) => readdirSync(at).sort());

test('one mount is handed out; what it needs is shared, and goes with the last snapshot that uses it', async () => {
  await using place = await opened();
  const { snapshotter, held, places } = place;
  await twoLayers(snapshotter);
  const first = await snapshotter.prepare('first', 'top');
  expect(first).toHaveLength(1);
  expect(first[0]).toMatchObject({ type: 'overlay', source: 'overlay' });
  expect(first[0]?.base).toBeUndefined();
  expect(await names(first)).toEqual(['bottom', 'top']);
  const view = await snapshotter.view('view', 'top');
  expect(await names(view)).toEqual(['bottom', 'top']);
  const all = await held();
  await snapshotter.prepare('second', 'top');
  expect(await held()).toEqual(all);
  expect(new Set(all).size).toBe(all.length);
  await snapshotter.remove('first');
  await snapshotter.remove('view');
  expect(await held()).not.toEqual([]);
  expect(await names(await snapshotter.mounts('second'))).toEqual(['bottom', 'top']);
  await snapshotter.remove('second');
  expect(await held()).toEqual([]);
  expect(readdirSync(places)).toEqual([]);
});

test('calls at the same time mount once, and a container that runs needs nothing held', async () => {
  await using place = await opened();
  const { snapshotter, held } = place;
  await twoLayers(snapshotter);
  await snapshotter.prepare('a', 'top');
  await Promise.all(['b', 'c', 'd'].map((key) => snapshotter.prepare(key, 'top')));
  const asked = await Promise.all(Array.from({ length: 8 }, () => snapshotter.mounts('a')));
  expect(new Set(asked.map((mounts) => JSON.stringify(mounts))).size).toBe(1);
  const targets = await held();
  expect(new Set(targets).size).toBe(targets.length);
  await host.mounter.withMounted(asked[0]!, async (at) => {
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => snapshotter.remove(key)));
    expect(await held()).toEqual([]);
    expect(readFileSync(join(at, 'bottom'), 'utf8')).toBe('bottom');
  });
});

test('held across a restart; a reboot takes the mounts, and the next call mounts again', async () => {
  await using place = await opened();
  await twoLayers(place.snapshotter);
  const before = await place.snapshotter.prepare('kept', 'top');
  await place.snapshotter.close();
  expect(await place.held()).not.toEqual([]);
  expect(await names(before)).toEqual(['bottom', 'top']);
  for (const target of await place.held()) await host.mounter.unmount(target);
  await using next = await opened(place.base);
  expect(await next.snapshotter.mounts('kept')).toEqual(before);
  expect(await names(before)).toEqual(['bottom', 'top']);
  expect(await next.engine.system.check()).toEqual([]);
  await next.snapshotter.remove('kept');
  expect(await next.held()).toEqual([]);
});

test('an image that is unpacked layer by layer finds its mounts, which go soon after', async () => {
  await using place = await opened();
  const { snapshotter, held } = place;
  await twoLayers(snapshotter);
  const lingering = await held();
  expect(lingering).not.toEqual([]);
  await snapshotter.prepare('third', 'top');
  expect(await held()).toEqual(expect.arrayContaining(lingering));
  await snapshotter.commit('third-layer', 'third');
  await vi.waitFor(async () => expect(await held()).toEqual([]), { timeout: 10_000, interval: 100 });
  await snapshotter.remove('third-layer');
  await snapshotter.remove('top');
  await snapshotter.remove('bottom');
});

test('two stores with one run directory share nothing', async () => {
  await using one = await opened();
  await twoLayers(one.snapshotter);
  await one.snapshotter.prepare('kept', 'top');
  const run = join(one.base, 'run');
  const root = join(one.base, 'other');
  await using engine = createEngine({ root, run, host, drivers: [...allDrivers, stacking] });
  const other = await engine.storage.snapshotter({ driver, owner: 'second' });
  await twoLayers(other, '-2');
  await host.mounter.withMounted(await other.prepare('kept', 'top'), async (at) => {
    writeFileSync(join(at, 'mine'), '');
    expect(readdirSync(at).sort()).toEqual(['bottom-2', 'mine', 'top-2']);
  });
  const before = await one.held();
  expect(await engine.system.check({ repair: true })).toEqual([]);
  await other.remove('kept');
  await other.close();
  expect(await one.held()).toEqual(before);
  expect(await names(await one.snapshotter.mounts('kept'))).toEqual(['bottom', 'top']);
});

/** As if the server had died after it forgot who uses what, and before it unmounted. */
function forgetUsers(base: string): void {
  const database = host.databases.open(join(base, 'root/strata.db'), { migrations });
  database.run('DELETE FROM held_mount_users');
  database.close();
}

test('what a server left that died is its own affair while it runs, then found by check, or swept by the next', async () => {
  await using place = await opened();
  const { base, engine, held } = place;
  await twoLayers(place.snapshotter);
  await place.snapshotter.prepare('kept', 'top');
  forgetUsers(base);
  expect(await engine.system.check()).toEqual([]);
  await place.snapshotter.cleanup();
  expect(await held()).toEqual([]);

  await place.snapshotter.mounts('kept');
  await place.snapshotter.close();
  forgetUsers(base);
  const left = await held();
  expect(left.length).toBeGreaterThan(0);
  const found = await engine.system.check();
  expect(found.map(({ code, subject }) => [code, subject])).toEqual(left.map((at) => ['MOUNT_LEFT', at]));
  const repaired = await engine.system.check({ repair: true });
  expect(repaired.every((finding) => finding.repaired)).toBe(true);
  expect(await engine.system.check()).toEqual([]);
  expect(readdirSync(place.places)).toEqual([]);

  await using second = await opened(base);
  await second.snapshotter.mounts('kept');
  await second.snapshotter.close();
  forgetUsers(base);
  await using third = await opened(base);
  expect(await held()).toEqual([]);
  expect(await names(await third.snapshotter.mounts('kept'))).toEqual(['bottom', 'top']);
});

test('what cannot be mounted leaves no snapshot and no mount', async () => {
  await using place = await opened();
  const { base, snapshotter, held } = place;
  await twoLayers(snapshotter);
  await snapshotter.cleanup();
  const layers = join(base, 'root/layers', driver);
  const [bottom] = readdirSync(layers).filter((id) => existsSync(join(layers, id, 'fs/bottom')));
  const away = join(layers, bottom!, 'fs');
  renameSync(away, `${away}-away`);
  writeFileSync(away, '');
  await expect(snapshotter.prepare('new', 'top')).rejects.toMatchObject({ code: 'MOUNT_FAILED' });
  await expect(snapshotter.stat('new')).rejects.toMatchObject({ kind: 'not-found' });
  expect(await held()).toEqual([]);
  unlinkSync(away);
  renameSync(`${away}-away`, away);
  expect(await names(await snapshotter.prepare('new', 'top'))).toEqual(['bottom', 'top']);
});
