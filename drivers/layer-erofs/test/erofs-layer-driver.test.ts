/** That images really hold the layers, and nothing falls back to directories unnoticed. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import type { Layer } from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll, expect, test } from 'vitest';
import definition from '../src/index.ts';

const filesystem = await createLoopFilesystem({ type: 'ext4' });
afterAll(() => filesystem.dispose());
const host = createHost();
const base: Layer = { id: 'base', parents: [] };

function driverIn(root: string) {
  const { signal } = new AbortController();
  const options = { compression: 'lz4hc' } as const;
  return definition.create({ root, runDirectory: root, options, host, log: host.log, signal });
}

test('a sealed layer is an image, smaller than its files, with names up to 254 bytes', async () => {
  const root = mkdtempSync(`${filesystem.directory}/root-`);
  const driver = driverIn(root);
  await driver.create(base);
  writeFileSync(`${root}/base/fs/${'n'.repeat(254)}`, 'compressible '.repeat(100_000));
  await driver.seal(base);
  expect(existsSync(`${root}/base/image.erofs`)).toBe(true);
  expect(existsSync(`${root}/base/fs`)).toBe(false);
  expect((await driver.usage(base)).bytes).toBeLessThan(130_000);
  const mounts = await driver.mounts({ id: 'base', parents: [] }, 'ro');
  expect(mounts).toMatchObject([{ type: 'erofs' }]);
});

test('a name of 255 bytes keeps a layer a directory, which is seen all the same', async () => {
  const root = mkdtempSync(`${filesystem.directory}/root-`);
  const driver = driverIn(root);
  const name = 'n'.repeat(255);
  await driver.create(base);
  writeFileSync(`${root}/base/fs/${name}`, 'x');
  await driver.seal(base);
  expect(existsSync(`${root}/base/image.erofs`)).toBe(false);
  const top: Layer = { id: 'top', parents: ['base'] };
  await driver.create(top);
  await host.mounter.withMounted(await driver.mounts(top, 'rw'), async (directory) => {
    expect(existsSync(`${directory}/${name}`)).toBe(true);
  });
  await expect(driver.mounts(base, 'rw')).rejects.toMatchObject({ code: 'LAYER_SEALED' });
});
