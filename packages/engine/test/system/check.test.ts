import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage, layeredImage, pushLayout, startRegistry } from '@strata/test-fixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testEngine, testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('ext4', 1 << 30);
const registry = await startRegistry();
afterAll(() => registry.stop());
const layered = `${registry.address}/test/layered:1`;
const busybox = `${registry.address}/test/busybox:1`;
const DEAD = '1:1:00000000-0000-0000-0000-000000000000';

beforeAll(() => {
  pushLayout(layeredImage(), layered);
  pushLayout(busyboxImage(), busybox);
});

async function opened() {
  const engine = testEngine(directory);
  await engine.images.pull({ reference: layered, storage: 'overlay' });
  expect(await engine.system.check()).toEqual([]);
  return engine;
}

/** Found, repaired, and then clean. */
async function expectRepaired(engine: Awaited<ReturnType<typeof opened>>, code: string): Promise<void> {
  const found = await engine.system.check({ deep: true });
  expect(found).toMatchObject([{ code, repaired: false, repair: expect.any(String) }]);
  expect(await engine.system.check({ deep: true, repair: true })).toMatchObject([{ code, repaired: true }]);
  expect(await engine.system.check({ deep: true })).toEqual([]);
}

test('a layer on disk without a row', async () => {
  await using engine = await opened();
  mkdirSync(`${engine.base}/root/layers/overlay/zz/fs`, { recursive: true });
  await expectRepaired(engine, 'LAYER_WITHOUT_ROW');
  expect(readdirSync(`${engine.base}/root/layers/overlay`)).toHaveLength(4);
});

test('a layer a dead process was making', async () => {
  await using engine = await opened();
  {
    await using store = testServices(directory, { root: engine.base });
    await (await store.services.layers.open('overlay')).prepare('half');
    store.services.database.run(`UPDATE layers SET state = 'creating', lease = ? WHERE key = 'half'`, DEAD);
  }
  await expectRepaired(engine, 'LAYER_UNFINISHED');
});

test('a committed layer that is gone: forgotten, and unpacked again at the next use', async () => {
  await using engine = await opened();
  const [top] = readdirSync(`${engine.base}/root/layers/overlay`).sort().reverse();
  rmSync(`${engine.base}/root/layers/overlay/${top}`, { recursive: true });
  await expectRepaired(engine, 'LAYER_MISSING');
  await engine.images.unpack(layered, { storage: 'overlay' });
  expect(await engine.system.check()).toEqual([]);
});

test.each([
  ['of another size', 'short', false],
  ['of the same size', undefined, true],
])('a blob with other bytes %s is found and pulled again after the repair', async (_name, content, deep) => {
  await using engine = await opened();
  const blobs = `${engine.base}/root/images/local/blobs/sha256`;
  const blob = `${blobs}/${readdirSync(blobs)[0]}`;
  const other = join(engine.base, 'other');
  writeFileSync(other, content ?? Buffer.alloc(statSync(blob).size));
  renameSync(other, blob);
  if (deep) expect(await engine.system.check()).toEqual([]);
  const found = await engine.system.check({ deep, repair: true });
  expect(found).toMatchObject([{ code: 'BLOB_CORRUPT', repaired: true }]);
  expect((await engine.system.check()).map(({ code }) => code)).toEqual(['BLOB_MISSING']);
  await engine.images.pull({ reference: layered });
  expect(await engine.system.check({ deep: true })).toEqual([]);
});

test('a name only one of the two indexes knows', async () => {
  await using engine = await opened();
  {
    await using store = testServices(directory, { root: engine.base });
    store.services.catalog.deleteName(layered);
  }
  await expectRepaired(engine, 'IMAGE_NAME_UNKNOWN');
  expect((await engine.images.list())[0]?.names).toEqual([layered]);
  {
    await using store = testServices(directory, { root: engine.base });
    store.services.catalog.setName('docker.io/library/ghost:1', store.services.catalog.manifests()[0]!);
  }
  await expectRepaired(engine, 'IMAGE_NAME_STALE');
});

test('a mount and an old temporary file that belong to nothing; a fresh one is left alone', async () => {
  await using engine = await opened();
  const target = `${engine.base}/root/containers/gone/rootfs`;
  mkdirSync(target, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'left', target]);
  try {
    const found = await engine.system.check({ repair: true });
    expect(found.map(({ code }) => code)).toContain('MOUNT_LEFT');
    expect(execFileSync('findmnt', ['-n', '-o', 'TARGET'], { encoding: 'utf8' })).not.toContain(target);
  } finally {
    execFileSync('sh', ['-c', 'mountpoint -q "$1" && umount "$1" || true', 'sh', target]);
  }
  rmSync(`${engine.base}/root/containers/gone`, { recursive: true, force: true });
  const tmp = `${engine.base}/root/tmp`;
  writeFileSync(join(tmp, 'fresh'), '');
  writeFileSync(join(tmp, 'old'), '');
  utimesSync(join(tmp, 'old'), 1, 1);
  await expectRepaired(engine, 'TEMPORARY_LEFT');
  expect(readdirSync(tmp)).toEqual(['fresh']);
});

test('storage prune removes layers of images that are gone, and trash', async () => {
  await using engine = await opened();
  {
    await using store = testServices(directory, { root: engine.base });
    const { catalog, imageStore } = store.services;
    await imageStore.deleteReference(layered);
    catalog.deleteName(layered);
    catalog.delete(catalog.manifests()[0]!);
  }
  mkdirSync(`${engine.base}/root/layers/overlay/.trash-x-y/deep`, { recursive: true });
  const { removedLayers, reclaimedBytes } = await engine.storage.prune();
  expect(removedLayers).toBe(4);
  expect(reclaimedBytes).toBeGreaterThan(1 << 20);
  expect(readdirSync(`${engine.base}/root/layers/overlay`)).toEqual([]);
});

test('info and disk usage tell what is here', async () => {
  await using engine = await opened();
  await engine.images.pull({ reference: busybox, storage: false });
  const info = await engine.system.info();
  expect(info).toMatchObject({
    images: 2,
    storage: undefined,
    filesystem: 'ext4',
    containers: { total: 0, running: 0 },
    root: `${engine.base}/root`,
  });
  expect(info.drivers.find(({ id }) => id === 'btrfs')?.probe).toMatchObject({
    supported: false,
    reason: expect.any(String),
    hint: expect.any(String),
  });
  const usage = await engine.system.diskUsage();
  expect(usage.images).toMatchObject({ count: 2, active: 0 });
  expect(usage.images.bytes).toBe(usage.images.reclaimableBytes);
  expect(usage.layers).toMatchObject([{ driver: 'overlay', count: 4 }]);
});

test('followed events arrive from another engine over the same store', async () => {
  await using engine = await opened();
  await using other = testEngine(directory, { root: engine.base });
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const event of engine.system.events({
      since: new Date(),
      follow: true,
      signal: stop.signal,
    })) {
      seen.push(event.action);
      if (event.action === 'untag') stop.abort();
    }
  })();
  await other.images.tag(layered, 'followed:1');
  await other.images.remove('followed:1');
  await following;
  expect(seen).toEqual(['tag', 'untag']);
});
