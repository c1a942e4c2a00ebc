import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProgressEvent } from '@strata/core';
import { busyboxImage, layeredImage, pushLayout, startRegistry } from '@strata/test-fixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { host, testEngine, testFilesystem, testServices } from '../store.ts';

const ext4 = await testFilesystem('ext4', 1 << 30);
const btrfs = await testFilesystem('btrfs', 1 << 30);
const registry = await startRegistry();
afterAll(() => registry.stop());
const image = layeredImage();
const reference = `${registry.address}/test/layered:1`;
const small = `${registry.address}/test/busybox:1`;

beforeAll(() => {
  pushLayout(image, reference);
  pushLayout(busyboxImage(), small);
});

/** Requests of blobs with GET in the registry's log so far. */
function blobsServed(): string[] {
  return [...registry.log().matchAll(/"GET \/v2\/[^ ]*\/blobs\/(sha256:[0-9a-f]{64})/g)].map(
    (match) => match[1]!,
  );
}

/** What the layers show, by path below /data. */
async function dataOf(directory: string, root: string, driver: string): Promise<Record<string, string>> {
  await using store = testServices(directory, { root });
  const { layers, images } = store.services;
  const found = await images.resolve(reference, { pull: 'never', storage: driver });
  const top = await images.ensureUnpacked(found, driver);
  const mounts = await (await layers.open(driver)).committedMounts(top!);
  return host.mounter.withMounted(mounts, async (mounted) =>
    Object.fromEntries(
      readdirSync(join(mounted, 'data'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(mounted.length + 6), readFileSync(path, 'utf8')]),
    ),
  );
}

const EXPECTED = { kept: 'kept 1\n', changed: 'changed 2\n', 'replaced/new': 'new 3\n' };

test.each([
  ['overlay', ext4],
  ['btrfs', btrfs],
  ['vfs', ext4],
])(
  'pulls and unpacks on %s: changes, deletions and replaced directories included',
  async (driver, directory) => {
    await using engine = testEngine(directory);
    const progress: ProgressEvent[] = [];
    const result = await engine.images.pull({
      reference,
      storage: driver,
      onProgress: (event) => progress.push(event),
    });
    expect(result).toMatchObject({ name: reference, changed: true });
    expect(await dataOf(directory, engine.base, driver)).toEqual(EXPECTED);
    const done = progress.filter((event) => event.kind === 'layer' && event.status === 'complete');
    expect(done).toHaveLength(image.layers);
    expect(await engine.images.pull({ reference, storage: driver })).toMatchObject({ changed: false });
  },
);

test('one store, three drivers: fetched once, unpacked per driver on demand', async () => {
  await using engine = testEngine(btrfs);
  await engine.images.pull({ reference, storage: false });
  const before = blobsServed().length;
  for (const driver of ['overlay', 'btrfs', 'vfs']) {
    await engine.images.unpack(reference, { storage: driver });
    expect(await dataOf(btrfs, engine.base, driver)).toEqual(EXPECTED);
  }
  expect(blobsServed()).toHaveLength(before);
  const statuses = await engine.storage.drivers('layer');
  expect(statuses.map(({ id, layers }) => [id, layers?.count])).toEqual([
    ['overlay', 4],
    ['btrfs', 4],
    ['vfs', 4],
  ]);
});

test('a layer that is here is not fetched again', async () => {
  await using engine = testEngine(ext4);
  await engine.images.pull({ reference: small });
  const before = blobsServed().length;
  await engine.images.pull({ reference });
  // Of five blobs (config and four layers) the base layer is here.
  expect(blobsServed().slice(before)).toHaveLength(4);
});

test('ten processes pulling one image fetch each blob once and unpack each layer once', async () => {
  const { base, close } = (() => {
    const engine = testEngine(ext4);
    return { base: engine.base, close: () => engine.close() };
  })();
  const before = blobsServed().length;
  const program = join(import.meta.dirname, 'pull-process.ts');
  const run = promisify(execFile);
  const results = await Promise.all(
    Array.from({ length: 10 }, () =>
      run(process.execPath, ['--conditions=source', program, base, reference]),
    ),
  );
  expect(results.map(({ stdout }) => stdout.trim())).toEqual(Array(10).fill(reference));
  const served = blobsServed().slice(before);
  expect(new Set(served).size).toBe(served.length);
  expect(served).toHaveLength(image.layers + 1);
  await using store = testServices(ext4, { root: base });
  const overlay = await store.services.layers.open('overlay');
  expect(await overlay.driver.list()).toHaveLength(image.layers);
  expect(await dataOf(ext4, base, 'overlay')).toEqual(EXPECTED);
  await close();
});

test('a wrong name, tag and platform each get one sentence', async () => {
  await using engine = testEngine(ext4);
  const pull = (text: string, platform?: string) =>
    engine.images.pull({ reference: text, ...(platform === undefined ? {} : { platform }) });
  await expect(pull('lower/UPPER')).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  await expect(pull(`${registry.address}/test/layered:none`)).rejects.toMatchObject({ kind: 'not-found' });
  await expect(pull(reference, 'one/two/three/four')).rejects.toMatchObject({ code: 'PLATFORM_INVALID' });
  await expect(pull(reference, 'linux/s390x')).rejects.toMatchObject({
    code: 'PLATFORM_NOT_FOUND',
    message: `${reference} has no image for linux/s390x`,
    hint: 'it has linux/amd64: choose one with --platform',
  });
  await expect(engine.images.pull({ reference, storage: 'zfs' })).rejects.toMatchObject({
    code: 'DRIVER_UNKNOWN',
  });
  expect(await engine.images.list()).toEqual([]);
});

test('resolve: never refuses, missing fetches once, always asks the registry', async () => {
  await using store = testServices(ext4);
  const { images } = store.services;
  const how = (pull: 'never' | 'missing' | 'always') => ({ pull, storage: 'overlay' });
  await expect(images.resolve(small, how('never'))).rejects.toMatchObject({
    code: 'IMAGE_NOT_FOUND',
    message: `No such image: ${small}`,
  });
  const found = await images.resolve(small, how('missing'));
  expect(found.config.command).toEqual(['sh']);
  expect(found.config.env).toEqual(['PATH=/bin']);
  const manifests = () => registry.log().match(/\/v2\/test\/busybox\/manifests\/1/g)?.length ?? 0;
  const before = manifests();
  expect(await images.resolve(small, how('missing'))).toEqual(found);
  expect(manifests()).toBe(before);
  expect(await images.resolve(small, how('always'))).toEqual(found);
  expect(manifests()).toBeGreaterThan(before);
});

test('an aborted pull leaves no image, no layer and no temporary file', async () => {
  await using engine = testEngine(ext4);
  const stop = new AbortController();
  const pulled = engine.images.pull({
    reference,
    signal: stop.signal,
    onProgress: (event) => {
      if (event.kind === 'resolved') stop.abort();
    },
  });
  await expect(pulled).rejects.toMatchObject({ kind: 'aborted' });
  expect(await engine.images.list()).toEqual([]);
  expect(readdirSync(`${engine.base}/root/tmp`)).toEqual([]);
  await using store = testServices(ext4, { root: engine.base });
  expect(store.services.database.all('SELECT * FROM layers')).toEqual([]);
});
