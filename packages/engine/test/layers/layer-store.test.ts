import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('ext4');

/** pid 1 with another start time: as dead as can be. */
const DEAD = '1:1:00000000-0000-0000-0000-000000000000';

async function opened(driver = 'vfs') {
  const store = testServices(directory);
  const layers = await store.services.layers.open(driver);
  const disk = store.services.paths.layers(driver);
  return { ...store, layers, disk, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

test('a key that a dead process left half made is free at once and its files go', async () => {
  await using store = await opened();
  const { database } = store.services;
  await store.layers.prepare('k');
  database.run(`UPDATE layers SET state = 'creating', lease = ?`, DEAD);
  const [dead] = await store.layers.driver.list();
  await expect(store.layers.stat('k')).rejects.toMatchObject({ kind: 'not-found' });
  await store.layers.prepare('k');
  const ids = await store.layers.driver.list();
  expect(ids).toHaveLength(1);
  expect(ids).not.toContain(dead);
});

test('a key that a live process is making is taken', async () => {
  await using store = await opened();
  await store.layers.prepare('k');
  store.services.database.run(
    `UPDATE layers SET state = 'creating', lease = ?`,
    (() => {
      const { pid, startTime, bootId } = store.services.host.processes.self;
      return `${pid}:${startTime}:${bootId}`;
    })(),
  );
  await expect(store.layers.prepare('k')).rejects.toMatchObject({ kind: 'already-exists' });
});

test('reclaim finishes what dead processes began to make and to remove', async () => {
  await using store = await opened();
  await store.layers.prepare('a');
  await store.layers.prepare('b');
  await store.layers.prepare('kept');
  store.services.database.run(`UPDATE layers SET state = 'creating', lease = ? WHERE key = 'a'`, DEAD);
  store.services.database.run(`UPDATE layers SET state = 'removing', lease = ? WHERE key = 'b'`, DEAD);
  await store.layers.reclaim();
  expect(await store.layers.driver.list()).toHaveLength(1);
  expect(store.services.database.all('SELECT key FROM layers')).toEqual([{ key: 'kept' }]);
});

test('discarding takes what is whole and what dead processes left, and spares what a live one makes', async () => {
  await using store = await opened();
  const { database } = store.services;
  const keys = () => database.all<{ key: string }>('SELECT key FROM layers').map(({ key }) => key);
  for (const key of ['whole', 'making', 'removing']) await store.layers.prepare(key);
  database.run(`UPDATE layers SET state = 'creating', lease = ? WHERE key = 'making'`, DEAD);
  database.run(`UPDATE layers SET state = 'removing', lease = ? WHERE key = 'removing'`, DEAD);
  for (const key of ['whole', 'making', 'removing', 'never-there']) await store.layers.discard(key);
  expect(keys()).toEqual([]);
  expect(await store.layers.driver.list()).toEqual([]);
  const { pid, startTime, bootId } = store.services.host.processes.self;
  await store.layers.prepare('live');
  database.run(`UPDATE layers SET state = 'creating', lease = ?`, `${pid}:${startTime}:${bootId}`);
  await store.layers.discard('live');
  expect(keys()).toEqual(['live']);
});

test('a failing driver leaves neither row nor key behind', async () => {
  await using store = await opened();
  const { driver } = store.layers;
  const create = driver.create.bind(driver);
  driver.create = async (layer) => {
    await create(layer);
    throw new Error('late failure');
  };
  await expect(store.layers.prepare('k')).rejects.toThrow('late failure');
  driver.create = create;
  expect(await driver.list()).toEqual([]);
  expect(store.services.database.all('SELECT * FROM layers')).toEqual([]);
  await store.layers.prepare('k');
});

test('a removal that the driver refuses is finished by the next one, also of this process', async () => {
  await using store = await opened();
  const { driver } = store.layers;
  const remove = driver.remove.bind(driver);
  await store.layers.prepare('k');
  driver.remove = async () => Promise.reject(new Error('busy'));
  await expect(store.layers.discard('k')).rejects.toThrow('busy');
  driver.remove = remove;
  await store.layers.discard('k');
  expect(await driver.list()).toEqual([]);
  expect(store.services.database.all('SELECT * FROM layers')).toEqual([]);
});

test('a stack deeper than the driver can mount is refused before anything is made', async () => {
  await using store = await opened();
  Object.defineProperty(store.layers.driver, 'capabilities', {
    value: { ...store.layers.driver.capabilities, maxDepth: 1 },
  });
  await store.layers.prepare('base');
  await store.layers.commit('base-c', 'base');
  await expect(store.layers.prepare('top', 'base-c')).rejects.toMatchObject({ code: 'LAYER_STACK_TOO_DEEP' });
  expect(await store.layers.driver.list()).toHaveLength(1);
});

for (const driver of ['overlay', 'vfs']) {
  test(`an import on ${driver} shows all of its layers at once, in their order`, async () => {
    await using store = await opened(driver);
    const stack = store.layers.import();
    const alone = store.layers.driver.capabilities.independentUnpack;
    const usage = { bytes: 1, inodes: 2 };
    for (const imported of await stack.reserve(['one', 'two'])) {
      const made = await stack.create(imported, { alone });
      const { path } = await store.layers.driver.unpackTarget(made);
      writeFileSync(join(path, imported.name), imported.name);
      await stack.seal(imported);
      expect(store.layers.has(imported.name)).toBe(false);
    }
    await stack.finish([usage, usage], { durable: true });
    expect((await store.layers.stat('two')).parent).toBe('one');
    expect(await store.layers.usage('one')).toEqual(usage);
    const seen = await store.services.host.mounter.withMounted(
      await store.layers.committedMounts('two'),
      async (top) => [readFileSync(join(top, 'one'), 'utf8'), readFileSync(join(top, 'two'), 'utf8')],
    );
    expect(seen).toEqual(['one', 'two']);
  });

  test(`an abandoned import on ${driver} leaves nothing; neither does one whose process died`, async () => {
    await using store = await opened(driver);
    const alone = store.layers.driver.capabilities.independentUnpack;
    const begin = async () => {
      const stack = store.layers.import();
      for (const imported of await stack.reserve(['one', 'two'])) {
        await stack.create(imported, { alone });
        await stack.seal(imported);
      }
      return stack;
    };
    await (await begin()).abandon();
    expect(await store.layers.driver.list()).toEqual([]);
    expect(store.services.database.all('SELECT * FROM layers')).toEqual([]);

    await begin();
    store.services.database.run('UPDATE layers SET lease = ?', DEAD);
    const [first] = await store.layers.import().reserve(['one']);
    expect(await store.layers.driver.list()).toEqual([]);
    expect(store.services.database.all('SELECT key FROM layers')).toEqual([{ key: 'one' }]);
    expect(first?.layer.parents).toEqual([]);
  });
}

test('ids of layers are base 36 and never used twice', async () => {
  await using store = await opened();
  for (let i = 0; i < 40; i++) {
    await store.layers.prepare(`k${i}`);
    await store.layers.remove(`k${i}`);
  }
  await store.layers.prepare('last');
  expect((await store.layers.layer('last')).id).toBe((41).toString(36));
  await store.layers.close();
  expect(existsSync(store.disk) && readdirSync(store.disk).length).toBeGreaterThan(0);
});

test('two imports of one name never both begin', async () => {
  await using store = await opened('overlay');
  await store.layers.import().reserve(['one']);
  await expect(store.layers.import().reserve(['one'])).rejects.toMatchObject({ kind: 'already-exists' });
});
