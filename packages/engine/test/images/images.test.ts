import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest, LifecycleEvent } from '@strata/core';
import { busyboxImage, layeredImage, pushLayout, startRegistry } from '@strata/test-fixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/index.ts';
import { listImages } from '../../src/queries.ts';
import { host, testEngine, testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('ext4', 1 << 30);
const registry = await startRegistry();
afterAll(() => registry.stop());
const layered = `${registry.address}/test/layered:1`;
const busybox = `${registry.address}/test/busybox:1`;

beforeAll(() => {
  pushLayout(layeredImage(), layered);
  pushLayout(busyboxImage(), busybox);
});

type Opened = Engine & { readonly base: string };

function blobs(engine: Opened): string[] {
  return readdirSync(`${engine.base}/root/images/local/blobs/sha256`).sort();
}

function layers(engine: Opened): string[] {
  return readdirSync(`${engine.base}/root/layers/overlay`).filter((name) => !name.startsWith('.'));
}

/** A container row, as the containers part writes it. */
async function container(engine: Opened, id: Digest, status: string): Promise<void> {
  await using store = testServices(directory, { root: engine.base });
  store.services.database.run(
    `INSERT INTO containers (id, name, status, image, image_id, storage, network, command, config, created)
     VALUES ('c1', 'web', ?, 'x', ?, 'overlay', 'none', '[]', '{}', '2026-01-01')`,
    status,
    id,
  );
}

test('rmi of one of two images that share a layer frees only what is not shared', async () => {
  await using engine = testEngine(directory);
  await engine.images.pull({ reference: busybox });
  const alone = { blobs: blobs(engine), layers: layers(engine) };
  await engine.images.pull({ reference: layered });
  expect(layers(engine)).toHaveLength(4);
  const removed = await engine.images.remove(layered);
  expect(removed[0]).toEqual({ untagged: layered });
  expect(removed.filter((one) => one.deleted !== undefined)).toHaveLength(4);
  expect(blobs(engine)).toEqual(alone.blobs);
  expect(layers(engine)).toEqual(alone.layers);
  await engine.images.remove(busybox);
  expect(blobs(engine)).toEqual([]);
  expect(readdirSync(`${engine.base}/root/layers/overlay`)).toEqual([]);
  expect(await engine.images.list()).toEqual([]);
  expect(await engine.system.check({ deep: true })).toEqual([]);
});

test('tag and untag: the image goes with its last name', async () => {
  await using engine = testEngine(directory);
  await engine.images.pull({ reference: busybox });
  await engine.images.tag(busybox, 'my/app');
  const [image] = await engine.images.list();
  expect(image?.names).toEqual([busybox, 'docker.io/my/app:latest'].sort());
  expect(await engine.images.remove('my/app')).toEqual([{ untagged: 'docker.io/my/app:latest' }]);
  await expect(engine.images.inspect('my/app')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  await engine.images.tag(busybox, 'my/app:2');
  await expect(engine.images.remove(image!.id)).rejects.toMatchObject({ code: 'IMAGE_HAS_NAMES' });
  await engine.images.remove(image!.id, { force: true });
  expect(await engine.images.list()).toEqual([]);
  await expect(engine.images.tag('gone', 'a:b')).rejects.toMatchObject({ message: 'No such image: gone' });
});

test('an image a container uses is refused; -f takes it from a stopped one and untags it from a running one', async () => {
  await using engine = testEngine(directory);
  const { id } = await engine.images.pull({ reference: busybox });
  await container(engine, id, 'exited');
  await expect(engine.images.remove(busybox)).rejects.toMatchObject({
    code: 'IMAGE_IN_USE',
    kind: 'failed-precondition',
    message: expect.stringContaining('container web'),
  });
  expect((await engine.images.prune({ all: true })).removed).toEqual([]);
  await engine.images.tag(busybox, 'other:1');
  expect(await engine.images.remove('other:1')).toEqual([{ untagged: 'docker.io/library/other:1' }]);
  await engine.images.remove(busybox, { force: true });
  expect(await engine.images.list()).toEqual([]);

  await using running = testEngine(directory);
  await running.images.pull({ reference: busybox });
  await container(running, id, 'running');
  await expect(running.images.remove(busybox)).rejects.toThrow(/running container web/);
  expect(await running.images.remove(busybox, { force: true })).toEqual([{ untagged: busybox }]);
  expect(await running.images.list()).toMatchObject([{ id, names: [], containers: 1 }]);
});

test('images are found by id, prefix and digest; an ambiguous prefix is told', async () => {
  await using engine = testEngine(directory);
  const { id, digest } = await engine.images.pull({ reference: busybox });
  await engine.images.pull({ reference: layered });
  const repository = busybox.slice(0, busybox.lastIndexOf(':'));
  for (const text of [
    id,
    id.slice(7),
    id.slice(7, 19),
    `sha256:${id.slice(7, 19)}`,
    `${repository}@${digest}`,
  ])
    expect(await engine.images.inspect(text)).toMatchObject({ Id: id, RepoTags: [busybox] });
  await expect(engine.images.inspect('sha256:')).rejects.toMatchObject({ kind: 'not-found' });
  await using store = testServices(directory, { root: engine.base });
  store.services.database.run(
    `INSERT INTO images SELECT 'sha256:' || substr(manifest, 8, 63) || 'x', media_type, manifest_size,
       substr(config, 1, 20) || substr(manifest, 20), config_size, created, platform, labels, added, run_config
     FROM images WHERE config = ?`,
    id,
  );
  await expect(engine.images.inspect(id.slice(7, 19))).rejects.toMatchObject({ code: 'IMAGE_AMBIGUOUS' });
});

test('history pairs layers with the steps that made them, newest first', async () => {
  await using engine = testEngine(directory);
  const { id } = await engine.images.pull({ reference: layered });
  const history = await engine.images.history(layered);
  expect(history[0]).toMatchObject({ id });
  expect(history.slice(1).every((entry) => entry.id === undefined)).toBe(true);
  expect(history.filter((entry) => !entry.emptyLayer)).toHaveLength(4);
  expect(history.filter((entry) => entry.emptyLayer).every((entry) => entry.size === 0)).toBe(true);
});

test('prune takes dangling images; with all also unused named ones', async () => {
  await using engine = testEngine(directory);
  await engine.images.pull({ reference: busybox });
  await engine.images.pull({ reference: layered });
  await engine.images.tag(layered, busybox);
  const first = await engine.images.prune();
  expect(first.removed.filter((one) => one.deleted?.startsWith('sha256:'))).not.toEqual([]);
  expect((await engine.images.list()).map(({ names }) => names)).toEqual([[busybox, layered].sort()]);
  const { created } = (await engine.images.list())[0]!;
  for (const spared of [{ until: created! }, { labels: ['no=such'] }])
    expect((await engine.images.prune({ all: true, ...spared })).removed).toEqual([]);
  const second = await engine.images.prune({
    all: true,
    until: new Date(created!.getTime() + 1),
    labels: ['!no'],
  });
  expect(second.reclaimedBytes).toBeGreaterThan(1 << 20);
  expect(await engine.images.list()).toEqual([]);
  expect(blobs(engine)).toEqual([]);
});

test.each(['docker-archive', 'oci-archive', 'oci-dir'] as const)(
  'save as %s: skopeo reads it, and load brings it back with its name',
  async (format) => {
    await using engine = testEngine(directory);
    const { id, digest } = await engine.images.pull({ reference: layered });
    await engine.images.tag(layered, 'saved:1');
    const output = join(engine.base, format);
    await engine.images.save(['saved:1'], output, { format });
    const transport = format === 'oci-dir' ? 'oci' : format;
    const raw = execFileSync('skopeo', ['inspect', '--config', '--raw', `${transport}:${output}`]);
    expect(`sha256:${createHash('sha256').update(raw).digest('hex')}`).toBe(id);
    await using other = testEngine(directory);
    const loaded = await other.images.load(output);
    expect(loaded.map((one) => one.id)).toEqual([id]);
    await other.images.unpack(id, { storage: 'overlay' });
    if (format !== 'oci-dir') expect(loaded[0]?.name).toBe('docker.io/library/saved:1');
    expect((await other.images.list())[0]?.digest).toBe(digest);
  },
);

test('save and load through descriptors', async () => {
  await using engine = testEngine(directory);
  const { id } = await engine.images.pull({ reference: busybox });
  const file = join(engine.base, 'archive');
  const out = openSync(file, 'w');
  await engine.images.save([busybox], out);
  closeSync(out);
  const input = openSync(file, 'r');
  await using other = testEngine(directory);
  expect(await other.images.load(input)).toEqual([{ name: busybox, id }]);
  closeSync(input);
  await engine.images.save([busybox], `${file}.gz`, { compress: true });
  execFileSync('gzip', ['-t', `${file}.gz`]);
  expect(await other.images.load(`${file}.gz`)).toEqual([{ name: busybox, id }]);
});

test('init makes an image of a directory, twice the same layer; push brings it to a real registry', async () => {
  await using engine = testEngine(directory);
  const source = mkdtempSync(join(directory, 'source-'));
  mkdirSync(join(source, 'etc'), { mode: 0o755 });
  writeFileSync(join(source, 'etc/motd'), 'hello\n', { mode: 0o640 });
  const name = `${registry.address}/test/init:1`;
  const { id } = await engine.images.init(source, {
    reference: name,
    changes: [
      'CMD ["sh","-c","id"]',
      'ENV A=1 B="two words"',
      'LABEL x=y',
      'EXPOSE 80',
      'WORKDIR /srv',
      'USER 7',
    ],
  });
  const again = await engine.images.init(source, {});
  const [first, second] = [await engine.images.inspect(id), await engine.images.inspect(again.id)];
  expect(first['RootFS']).toEqual(second['RootFS']);
  expect(first['Config']).toMatchObject({
    Cmd: ['sh', '-c', 'id'],
    Env: ['A=1', 'B=two words'],
    Labels: { x: 'y' },
    ExposedPorts: { '80/tcp': {} },
    WorkingDir: '/srv',
    User: '7',
  });
  const { digest } = await engine.images.push(name);
  const seen = JSON.parse(
    execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${name}`], { encoding: 'utf8' }),
  );
  expect(seen).toMatchObject({ Digest: digest, Labels: { x: 'y' }, Env: ['A=1', 'B=two words'] });
  await using other = testEngine(directory);
  expect(await other.images.pull({ reference: name })).toMatchObject({ id, digest });
});

test('import takes plain and compressed tars and refuses what is none', async () => {
  await using engine = testEngine(directory);
  const source = mkdtempSync(join(directory, 'import-'));
  writeFileSync(join(source, 'file'), 'x'.repeat(100_000));
  const tar = join(directory, 'import.tar');
  execFileSync('tar', ['-C', source, '-cf', tar, '.']);
  execFileSync('gzip', ['-k', tar]);
  execFileSync('zstd', ['-q', '-k', tar]);
  const diffIds = new Set<string>();
  for (const suffix of ['', '.gz', '.zst']) {
    const { id } = await engine.images.importTar(tar + suffix, {
      reference: `imported:v${suffix.length}`,
      message: 'm',
    });
    await engine.images.unpack(id, { storage: 'overlay' });
    diffIds.add(JSON.stringify((await engine.images.inspect(id))['RootFS']));
  }
  expect(diffIds.size).toBe(1);
  const before = blobs(engine);
  writeFileSync(join(directory, 'junk'), 'this is not a tar'.repeat(1000));
  await expect(engine.images.importTar(join(directory, 'junk'))).rejects.toMatchObject({
    kind: 'invalid-argument',
  });
  await expect(engine.images.importTar(tar, { changes: ['RUN ls'] })).rejects.toMatchObject({
    code: 'CHANGE_INVALID',
  });
  await expect(engine.images.init('/dev/null')).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
  expect(blobs(engine)).toEqual(before);
});

test('every change is an event, seen by this process and stored for others', async () => {
  await using engine = testEngine(directory);
  const seen: LifecycleEvent[] = [];
  const off = engine.on((event) => seen.push(event));
  const since = new Date(Date.now() - 1000);
  await engine.images.pull({ reference: busybox });
  await engine.images.tag(busybox, 'a:1');
  await engine.images.remove('a:1');
  off();
  await engine.images.remove(busybox);
  expect(seen.map(({ action }) => action)).toEqual(['pull', 'tag', 'untag']);
  const stored: string[] = [];
  for await (const event of engine.system.events({ since, follow: false, filters: { type: ['image'] } }))
    stored.push(event.action);
  expect(stored).toEqual(['pull', 'tag', 'untag', 'untag', 'delete']);
});

test('list answers from the index: two thousand images, filters, and the read-only query', async () => {
  await using engine = testEngine(directory);
  await engine.images.pull({ reference: busybox });
  await using store = testServices(directory, { root: engine.base });
  store.services.database.transaction(() => {
    const row = store.services.catalog.get(store.services.catalog.manifests()[0]!)!;
    for (let i = 0; i < 2000; i++) {
      const digest = (prefix: string): Digest => `sha256:${prefix}${String(i).padStart(63, '0')}`;
      store.services.catalog.add({
        ...row,
        manifest: { ...row.manifest, digest: digest('a') },
        config: { ...row.config, digest: digest('b') },
        labels: { number: String(i) },
      });
      if (i > 0) store.services.catalog.setName(`docker.io/library/many:${i}`, digest('a'));
    }
  });
  expect(await engine.images.list()).toHaveLength(2001);
  expect(await engine.images.list({ reference: 'many:1??' })).toHaveLength(100);
  expect(await engine.images.list({ reference: 'many' })).toHaveLength(1999);
  expect(await engine.images.list({ dangling: true })).toHaveLength(1);
  expect(await engine.images.list({ labels: ['number=7'] })).toHaveLength(1);
  const root = `${engine.base}/root`;
  expect(listImages(host.databases, root)).toEqual(await engine.images.list());
  expect(listImages(host.databases, join(directory, 'no-store'))).toEqual([]);
});

test('the store is for root alone', async () => {
  await using engine = testEngine(directory);
  await engine.images.pull({ reference: busybox });
  for (const path of ['root', 'root/layers', 'root/layers/overlay', 'root/images/local', 'root/tmp', 'run'])
    expect(statSync(join(engine.base, path)).mode & 0o077).toBe(0);
});
