import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage, pushLayout, startRegistry } from '@strata/test-fixtures';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Engine, Session } from '../../src/index.ts';
import { testEngine, testFilesystem, testServices } from '../store.ts';

const ext4 = await testFilesystem('ext4', 1 << 30);
const btrfs = await testFilesystem('btrfs', 1 << 30);
const registry = await startRegistry();
afterAll(() => registry.stop());
const busybox = `${registry.address}/test/busybox:1`;
beforeAll(() => pushLayout(busyboxImage(), busybox));

const CHANGE = 'echo new >/added; rm /etc/group; mkdir /var/d; echo x >/var/d/x; chmod 4755 /added';

async function outcome(session: Session): Promise<{ code: number; stdout: string }> {
  const parts: Buffer[] = [];
  for await (const { stream, data } of session.streams?.output() ?? [])
    if (stream === 'stdout') parts.push(Buffer.from(data));
  const { code } = await session.wait();
  return { code, stdout: Buffer.concat(parts).toString() };
}

function run(engine: Engine, image: string, command: readonly string[], storage: string, autoRemove = true) {
  return engine.containers.run({ image, command, storage, network: 'none', autoRemove });
}

test.each([
  ['overlay', ext4],
  ['btrfs', btrfs],
  ['vfs', ext4],
])(
  'commits a container on %s: added, changed and deleted files, config and history',
  async (storage, directory) => {
    await using engine = testEngine(directory);
    await engine.images.pull({ reference: busybox, storage });
    const session = await run(engine, busybox, ['sh', '-c', CHANGE], storage, false);
    expect((await outcome(session)).code).toBe(0);
    const { id } = await engine.images.commit({
      container: session.containerId,
      reference: 'my:1',
      author: 'A <a@b>',
      message: 'because',
      changes: ['ENV GREETING=hello', 'CMD ["cat","/added"]'],
    });
    const inspected = await engine.images.inspect('my:1');
    expect(inspected).toMatchObject({ Id: id, Author: 'A <a@b>', Comment: 'because' });
    expect(inspected['Config']).toMatchObject({
      Cmd: ['cat', '/added'],
      Env: ['PATH=/bin', 'GREETING=hello'],
    });
    expect((await engine.images.history('my:1'))[0]).toMatchObject({
      id,
      comment: 'because',
      emptyLayer: false,
    });
    const script =
      'cat /added; stat -c %a /added; cat /var/d/x; test -e /etc/group || echo gone; echo $GREETING';
    const seen = await outcome(await run(engine, 'my:1', ['sh', '-c', script], storage));
    expect(seen).toEqual({ code: 0, stdout: 'new\n4755\nx\ngone\nhello\n' });
    // What others make of it: an OCI layout that skopeo accepts, of two layers.
    const output = join(engine.base, 'layout');
    await engine.images.save(['my:1'], output, { format: 'oci-dir' });
    const layers = JSON.parse(
      execFileSync('skopeo', ['inspect', '--raw', `oci:${output}`], { encoding: 'utf8' }),
    ).layers;
    expect(layers).toHaveLength(2);
    await engine.containers.remove(session.containerId);
    await engine.images.remove('my:1');
    await engine.images.remove(busybox);
    expect(await engine.system.check({ deep: true })).toEqual([]);
  },
);

test('a running container stands still while it is read, and goes on afterwards', async () => {
  await using engine = testEngine(ext4);
  await engine.images.pull({ reference: busybox, storage: 'overlay' });
  const loop = 'while :; do echo >>/a; echo >>/b; done';
  const session = await engine.containers.run({
    image: busybox,
    command: ['sh', '-c', loop],
    storage: 'overlay',
    network: 'none',
    detach: true,
  });
  try {
    const store = testServices(ext4, { root: engine.base });
    const { cgroupOf } = await import('../../src/containers/state/journal.ts');
    expect(cgroupOf(store.services.database, session.containerId)).toBeDefined();
    await store[Symbol.asyncDispose]();
    const writing = 'until test -s /b; do :; done';
    const waited = { container: session.containerId, command: ['sh', '-c', writing] };
    expect((await (await engine.containers.exec(waited)).wait()).code).toBe(0);
    await engine.images.commit({ container: session.containerId, reference: 'frozen:1' });
    const first = await engine.containers.list();
    expect(first).toMatchObject([{ status: 'running' }]);
    const seen = await outcome(
      await run(engine, 'frozen:1', ['sh', '-c', 'wc -l </a; wc -l </b'], 'overlay'),
    );
    const [a, b] = seen.stdout.trim().split('\n').map(Number);
    // Frozen between the two writes they differ by one, never by more.
    expect(b).toBeGreaterThan(0);
    expect(a! - b!).toBeGreaterThanOrEqual(0);
    expect(a! - b!).toBeLessThanOrEqual(1);
  } finally {
    await engine.containers.remove(session.containerId, { force: true });
  }
});

test('a container that is removed while it is read makes no image', async () => {
  await using engine = testEngine(ext4);
  await engine.images.pull({ reference: busybox, storage: 'overlay' });
  const loop = ['sh', '-c', 'echo x > /x; sleep 300'];
  const sleeper = () =>
    engine.containers.run({
      image: busybox,
      command: loop,
      storage: 'overlay',
      network: 'none',
      detach: true,
    });
  const store = testServices(ext4, { root: engine.base });
  const { commitContainer } = await import('../../src/images/commit-container.ts');
  const { removeContainer } = await import('../../src/containers/remove-container.ts');
  const { layers } = store.services;
  const open = layers.open.bind(layers);
  for (const when of ['before', 'after'] as const) {
    const { containerId: container } = await sleeper();
    const remove = () => removeContainer(store.services, container, { force: true });
    const spied = vi.spyOn(layers, 'open').mockImplementationOnce(async (id) => {
      const opened = await open(id);
      if (when === 'before') await remove();
      // As a reader sees it to whom all files were there until the last moment.
      else
        vi.spyOn(opened, 'layer').mockImplementationOnce(async (key) => {
          store.services.database.run("UPDATE containers SET status = 'removing' WHERE id = ?", container);
          return opened.layer(key);
        });
      return opened;
    });
    const request = { container, reference: 'half:1' };
    await expect(commitContainer(store.services, request)).rejects.toMatchObject({
      code: 'CONTAINER_REMOVED',
    });
    spied.mockRestore();
    await engine.containers.cleanup();
  }
  expect((await engine.images.list()).map(({ names }) => names)).toEqual([[busybox]]);
  expect(readdirSync(join(store.services.paths.run, 'locks/container'))).toEqual([]);
  await store[Symbol.asyncDispose]();
});

test('refuses an unknown container and bad changes', async () => {
  await using engine = testEngine(ext4);
  await expect(engine.images.commit({ container: 'nobody' })).rejects.toMatchObject({ kind: 'not-found' });
  await expect(engine.images.commit({ container: 'nobody', changes: ['FROM x'] })).rejects.toMatchObject({
    code: 'CHANGE_INVALID',
  });
});

test('a tag that moves on with each commit leaves images that are listed with all only', async () => {
  await using engine = testEngine(ext4);
  const { images, containers } = engine;
  await images.pull({ reference: busybox, storage: 'overlay' });
  const commit = async (image: string) => {
    const { id } = await containers.create({ image, command: ['true'], storage: 'overlay', network: 'none' });
    const made = await images.commit({ container: id, reference: 'step:1' });
    await containers.remove(id);
    return made.id;
  };
  const [first, second, third] = [await commit(busybox), await commit('step:1'), await commit('step:1')];
  const ids = async (filter?: { all?: boolean; dangling?: boolean }) =>
    (await images.list(filter)).filter(({ names }) => !names.includes(busybox)).map(({ id }) => id);
  expect(await ids()).toEqual([third]);
  expect(await ids({ dangling: true })).toEqual([]);
  expect((await ids({ all: true })).toSorted()).toEqual([first, second, third].toSorted());
  expect((await ids({ all: true, dangling: true })).toSorted()).toEqual([first, second].toSorted());
  // Nothing is made on the second any more.
  await images.remove('step:1', { noPrune: true });
  expect(await ids()).toEqual([second]);
  await images.tag(second, 'step:2');
  const { id: user } = await containers.create({ image: first, command: ['true'], network: 'none' });
  await images.remove('step:2');
  expect(await ids()).toEqual([first]);
  await containers.remove(user);
  await commit(first);
  expect(await images.remove('step:1')).toContainEqual({ deleted: first });
  expect((await images.list({ all: true })).map(({ names }) => names)).toEqual([[busybox]]);
});
