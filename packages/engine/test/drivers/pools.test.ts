import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { allDrivers, testEngine, testFilesystem } from '../store.ts';

const directory = await testFilesystem('ext4', 1 << 30);
const MiB = 1 << 20;
const SIZE = 256 * MiB;
const mounted: string[] = [];

afterEach(() => {
  for (const target of mounted.splice(0)) execFileSync('umount', [target]);
});

function open(root?: string) {
  const engine = testEngine(directory, { drivers: allDrivers, ...(root === undefined ? {} : { root }) });
  return { engine, layers: `${engine.base}/root/layers/btrfs`, file: `${engine.base}/root/pools/btrfs.img` };
}

test('a pool makes btrfs work on ext4, is sparse, and is mounted again after a reboot', async () => {
  const { engine, layers, file } = open();
  expect((await engine.storage.drivers('layer')).find(({ id }) => id === 'btrfs')?.probe.supported).toBe(
    false,
  );
  const status = await engine.storage.init('btrfs', { sizeBytes: SIZE });
  mounted.push(layers);
  expect(status).toMatchObject({
    probe: { supported: true },
    pool: { file, sizeBytes: SIZE, mounted: true },
  });
  expect(statSync(file).blocks * 512).toBeLessThan(SIZE / 2);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await engine.close();

  execFileSync('umount', [layers]);
  mounted.pop();
  const again = open(engine.base).engine;
  const after = await again.storage.drivers('layer');
  mounted.push(layers);
  expect(after.find(({ id }) => id === 'btrfs')).toMatchObject({
    probe: { supported: true },
    pool: { mounted: true },
  });
  expect(execFileSync('findmnt', ['-no', 'FSTYPE', layers], { encoding: 'utf8' }).trim()).toBe('btrfs');
  await again.close();
});

test('the same size again is fine, another is refused', async () => {
  const { engine, layers } = open();
  await Promise.all([
    engine.storage.init('btrfs', { sizeBytes: SIZE }),
    engine.storage.init('btrfs', { sizeBytes: SIZE }),
  ]);
  mounted.push(layers);
  await expect(engine.storage.init('btrfs', { sizeBytes: 2 * SIZE })).rejects.toMatchObject({
    code: 'POOL_EXISTS',
  });
  const mounts = execFileSync('findmnt', ['-no', 'TARGET'], { encoding: 'utf8' });
  expect(mounts.split('\n').filter((line) => line.includes(layers))).toHaveLength(1);
  await engine.close();
});

test('refuses a size that is too small and a driver without pools, and leaves nothing', async () => {
  const { engine, file } = open();
  await expect(engine.storage.init('btrfs', { sizeBytes: MiB })).rejects.toMatchObject({
    code: 'POOL_TOO_SMALL',
  });
  await expect(engine.storage.init('btrfs', { sizeBytes: Number.NaN })).rejects.toMatchObject({
    code: 'POOL_TOO_SMALL',
  });
  await expect(engine.storage.init('overlay', { sizeBytes: SIZE })).rejects.toMatchObject({
    code: 'POOL_UNSUPPORTED',
  });
  await expect(engine.storage.init('zfs', { sizeBytes: SIZE })).rejects.toMatchObject({
    code: 'DRIVER_UNKNOWN',
  });
  expect(existsSync(file)).toBe(false);
  await engine.close();
});
