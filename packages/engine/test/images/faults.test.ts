import { execFile, spawn } from 'node:child_process';
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { busyboxImage, layeredImage, pushLayout, startRegistry } from '@strata/test-fixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testEngine, testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('ext4', 1 << 30);
const registry = await startRegistry();
afterAll(() => registry.stop());
const layered = `${registry.address}/test/layered:1`;
const busybox = `${registry.address}/test/busybox:1`;

beforeAll(() => {
  pushLayout(layeredImage(), layered);
  pushLayout(busyboxImage(), busybox);
});

/** Pull in a process that strace kills at its n-th call of one of `calls`; true if it was killed. */
function pullKilledAt(base: string, calls: string, n: number): Promise<boolean> {
  const program = join(import.meta.dirname, 'pull-process.ts');
  const inject = `inject=${calls}:signal=KILL:when=${n}`;
  const child = spawn(
    'strace',
    [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      `trace=${calls}`,
      '-e',
      inject,
      process.execPath,
      '--conditions=source',
      program,
      base,
      layered,
    ],
    // strace counts per thread: one pool thread makes n mean the same in every run.
    { stdio: 'ignore', env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  );
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal === 'SIGKILL' || code === 137));
  });
}

test.each([
  ['rename,renameat,renameat2', 1],
  ['rename,renameat,renameat2', 3],
  ['rename,renameat,renameat2', 5],
  ['fsync,fdatasync', 4],
  ['fsync,fdatasync', 9],
  ['fsync,fdatasync', 14],
  ['syncfs', 1],
  ['unlink', 2],
  ['mkdirat', 4],
  ['pwrite64', 60],
])('killed at %s number %i, the pull succeeds the next time and leaves nothing', async (calls, n) => {
  await using engine = testEngine(directory);
  expect(await pullKilledAt(engine.base, calls, n)).toBe(true);
  const again = await engine.images.pull({ reference: layered, storage: 'overlay' });
  expect(again.name).toBe(layered);
  expect(await engine.system.check({ deep: true })).toEqual([]);
  await using store = testServices(directory, { root: engine.base });
  expect(await (await store.services.layers.open('overlay')).driver.list()).toHaveLength(4);
  expect(readdirSync(`${engine.base}/root/tmp`)).toEqual([]);
});

test('eight processes changing one store at once: no error, nothing lost', async () => {
  await using engine = testEngine(directory);
  await engine.images.pull({ reference: busybox, storage: 'overlay' });
  const program = join(import.meta.dirname, 'stress-process.ts');
  const run = promisify(execFile);
  const work = Array.from({ length: 8 }, (_, n) =>
    run(process.execPath, ['--conditions=source', program, engine.base, busybox, `p${n}`, '10']),
  );
  for (const { stdout, stderr } of await Promise.all(work))
    expect({ stdout, stderr }).toEqual({ stdout: 'done', stderr: '' });
  const [image] = await engine.images.list();
  expect(image?.names).toEqual([busybox, 'docker.io/library/shared:1']);
  expect(await engine.system.check()).toEqual([]);
});

test('a full disk: one sentence that names it, nothing half there, and rmi still works', async () => {
  const small = await testFilesystem('ext4', 64 << 20);
  await using engine = testEngine(small);
  await engine.images.pull({ reference: busybox, storage: 'overlay' });
  const filler = join(small, 'filler');
  const free = () => {
    const { bavail, bsize } = statfsSync(small);
    return bavail * bsize;
  };
  writeFileSync(filler, Buffer.alloc(free() - (256 << 10)));
  await expect(engine.images.init('/usr/bin', { reference: 'big:1' })).rejects.toMatchObject({
    kind: 'resource-exhausted',
    code: 'NO_SPACE',
    message: expect.stringMatching(/^No space left on the ext4 filesystem that holds /),
  });
  expect(readdirSync(`${engine.base}/root/tmp`)).toEqual([]);
  writeFileSync(join(small, 'filler2'), Buffer.alloc(Math.max(0, free() - 4096)));
  expect(await engine.images.list()).toHaveLength(1);
  const removed = await engine.images.remove(busybox);
  expect(removed).toContainEqual({ untagged: busybox });
  expect(await engine.images.list()).toEqual([]);
  rmSync(filler);
  await engine.images.pull({ reference: busybox, storage: 'overlay' });
});
