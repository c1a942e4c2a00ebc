import { existsSync, mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '@strata/core';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { formatLease, isLeaseAlive, parseLease } from '../../src/state/lease.ts';
import { storePaths } from '../../src/state/paths.ts';
import { explainFullDisk, withReserve } from '../../src/state/reserve.ts';
import { version } from '../../src/version.ts';
import { host, testEngine, testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('tmpfs', 64 << 20);

test('a lease is alive with its process and dead without, whatever the text', () => {
  const { self } = host.processes;
  const lease = formatLease(self);
  expect(parseLease(lease)).toEqual(self);
  expect(isLeaseAlive(host.processes, lease)).toBe(true);
  expect(isLeaseAlive(host.processes, formatLease({ ...self, startTime: self.startTime + 1 }))).toBe(false);
  expect(isLeaseAlive(host.processes, formatLease({ ...self, bootId: 'other' }))).toBe(false);
  for (const text of [null, '', '1', 'x:y:z', '-1:1:a', '1:1', '0:0:a'])
    expect(isLeaseAlive(host.processes, text)).toBe(false);
});

test('lock files stay inside their directory whatever the name', () => {
  const paths = storePaths('/r', '/v');
  for (const name of ['sha256:aa', '../../etc/passwd', 'docker.io/a/b:c', '', '..', 'x'.repeat(5000)]) {
    const path = paths.lock('image', name);
    expect(path.startsWith('/v/locks/image/')).toBe(true);
    expect(path.slice('/v/locks/image/'.length)).toMatch(/^[A-Za-z0-9][^/]{0,200}$/);
  }
  expect(paths.lock('blob', 'a/b')).not.toBe(paths.lock('blob', 'a:b'));
});

test('two names never share a lock because of how they are spelled', () => {
  const paths = storePaths('/r', '/v');
  const names = ['a:b', 'a-b', 'a/b', 'a_b', 'a.b'];
  expect(new Set(names.map((name) => paths.lock('name', name))).size).toBe(names.length);
});

test('opening an engine touches nothing; a closed one says so', async () => {
  const engine = testEngine(directory);
  expect(existsSync(join(engine.base, 'root'))).toBe(false);
  await engine.close();
  await engine.close();
  await expect(engine.images.list()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('a store of a newer Strata is refused with a sentence', async () => {
  const first = testServices(directory);
  const root = join(first.services.paths.root, '..');
  first.services.database.run('PRAGMA user_version = 99');
  await first[Symbol.asyncDispose]();
  await using engine = testEngine(directory, { root });
  await expect(engine.images.list()).rejects.toMatchObject({
    code: 'STORE_TOO_NEW',
    hint: expect.any(String),
  });
});

test('a share of the reserve is given up on a full disk, and all made again', async () => {
  const full = await testFilesystem('tmpfs', 32 << 20);
  const paths = storePaths(join(full, 'root'), join(full, 'run'));
  mkdirSync(paths.root);
  await withReserve(paths, async () => undefined);
  expect(statSync(paths.reserve).size).toBe(4 << 20);
  const { bavail, bsize } = statfsSync(full);
  writeFileSync(join(full, 'filler'), Buffer.alloc(bavail * bsize));
  await withReserve(paths, async () => {
    expect(statSync(paths.reserve).size).toBe(3 << 20);
    const free = statfsSync(full);
    expect(free.bavail * free.bsize).toBeGreaterThanOrEqual(1 << 20);
    rmSync(join(full, 'filler'));
  });
  expect(statSync(paths.reserve).size).toBe(4 << 20);
});

test('a full disk is one sentence that names the filesystem, other errors stay', async () => {
  const enospc = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  const wrapped = new StrataError('resource-exhausted', 'LAYER_NO_SPACE', 'deep inside', { cause: enospc });
  const roomy = await testFilesystem('ext4', 64 << 20);
  const root = join(roomy, 'root');
  for (const error of [enospc, wrapped])
    expect(await explainFullDisk(error, { root }, host.files)).toMatchObject({
      code: 'NO_SPACE',
      message: `No space left on the unknown filesystem that holds ${root}`,
      hint: expect.stringContaining('strata rmi'),
    });
  const tooLarge = new StrataError('resource-exhausted', 'LAYER_TOO_LARGE', 'a bomb');
  expect(await explainFullDisk(tooLarge, { root }, host.files)).toBe(tooLarge);
  const quota = Object.assign(new Error('EDQUOT'), { code: 'EDQUOT' });
  const limit = new StrataError('resource-exhausted', 'MIGRATE_SIZE_LIMIT', 'its limit', { cause: quota });
  expect(await explainFullDisk(limit, { root }, host.files)).toBe(limit);

  // A driver's pool is full, and not the filesystem below it.
  const pool = join(root, 'layers', 'pooled');
  mkdirSync(pool, { recursive: true });
  mkdirSync(join(root, 'layers', 'other'));
  await host.mounter.mount([{ type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] }], pool);
  try {
    const stays = 'the container stays where it was';
    const moving = new StrataError('resource-exhausted', 'MIGRATE_NO_SPACE', 'No space', { hint: stays });
    expect(await explainFullDisk(moving, { root }, host.files)).toMatchObject({
      code: 'MIGRATE_NO_SPACE',
      message: `No space left on the tmpfs filesystem that holds ${pool}`,
      hint: stays,
    });
  } finally {
    await host.mounter.unmount(pool);
  }
  expect(await explainFullDisk(wrapped, { root }, host.files)).toMatchObject({
    message: `No space left on the ext4 filesystem that holds ${root}`,
  });
});

test('the version is that of the package', () => {
  expect(version).toBe(packageJson.version);
});
