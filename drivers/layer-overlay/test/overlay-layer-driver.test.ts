/** What only overlay has: mount data of one page, options, and an upper directory that must be the whole truth. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { DriverContext, Layer, LayerDriver, Mount } from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem, type LoopFilesystemType } from '@strata/test-fixtures';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import definition from '../src/index.ts';

const filesystem = await createLoopFilesystem({ type: 'ext4' });
afterAll(() => filesystem.dispose());
const host = createHost();

function contextIn(root: string): DriverContext<Record<string, never>> {
  return { root, runDirectory: root, options: {}, host, log: host.log, signal: new AbortController().signal };
}

let root = '';
let driver: LayerDriver;
beforeEach(async () => {
  root = mkdtempSync(`${filesystem.directory}/root-`);
  driver = await definition.create(contextIn(root));
});

async function stack(depth: number): Promise<Layer> {
  let layer: Layer = { id: 'x0'.padEnd(16, 'x'), parents: [] };
  for (let n = 1; ; n += 1) {
    await driver.create(layer);
    if (n === depth) return layer;
    await driver.seal(layer);
    layer = { id: `x${n}y`.padEnd(16, 'x'), parents: [layer.id, ...layer.parents] };
  }
}

const only = (mounts: readonly Mount[]): Mount => {
  expect(mounts).toHaveLength(1);
  return mounts[0]!;
};

/** What mount(2) gets: flags are not data. */
const data = (mount: Mount) => mount.options.filter((option) => option !== 'rw' && option !== 'ro').join(',');

async function fitsInOnePage(top: Layer): Promise<void> {
  for (const access of ['rw', 'ro'] as const) {
    const mount = only(await driver.mounts(top, access));
    expect(mount.type).toBe('overlay');
    expect(Buffer.byteLength(data(mount))).toBeLessThan(4096);
    expect(data(mount)).not.toContain(root);
  }
}

test.for([2, 20, 128, 200])('%d layers with the longest ids fit in one page of mount data', async (depth) => {
  await fitsInOnePage(await stack(depth));
});

test('500 layers do too, at a few inodes each', async () => {
  const before = (await host.files.filesystem(root)).freeInodes;
  await fitsInOnePage(await stack(500));
  expect(before - (await host.files.filesystem(root)).freeInodes).toBeLessThan(500 * 5);
});

test('options do not depend on how the kernel was configured', async () => {
  const { options } = only(await driver.mounts(await stack(2), 'rw'));
  for (const name of ['index', 'redirect_dir', 'metacopy']) {
    expect(options.includes(`${name}=off`)).toBe(existsSync(`/sys/module/overlay/parameters/${name}`));
  }
});

test('a base layer needs no overlay', async () => {
  const base: Layer = { id: 'base', parents: [] };
  await driver.create(base);
  const source = `${root}/base/fs`;
  expect(await driver.mounts(base, 'rw')).toEqual([{ type: 'bind', source, options: ['bind', 'rw'] }]);
  await driver.seal(base);
  expect(await driver.mounts(base, 'ro')).toEqual([{ type: 'bind', source, options: ['bind', 'ro'] }]);
});

test('the upper directory holds whole files and no redirects, also where the kernel would rather not copy', async () => {
  const base: Layer = { id: 'base', parents: [] };
  await driver.create(base);
  mkdirSync(`${root}/base/fs/dir`);
  writeFileSync(`${root}/base/fs/file`, 'content');
  await driver.seal(base);
  const top: Layer = { id: 'top', parents: ['base'] };
  await driver.create(top);
  await host.mounter.withMounted(await driver.mounts(top, 'rw'), async (directory) => {
    execFileSync('chmod', ['0600', `${directory}/file`]);
    execFileSync('mv', [`${directory}/dir`, `${directory}/moved`]);
  });
  expect(readFileSync(`${root}/top/fs/file`, 'utf8')).toBe('content');
  using tree = host.files.openTree(`${root}/top/fs`);
  for (const name of readdirSync(`${root}/top/fs`)) {
    const xattrs = [...tree.xattrs(Buffer.from(name)).keys()];
    expect(xattrs).not.toContain('trusted.overlay.redirect');
    expect(xattrs).not.toContain('trusted.overlay.metacopy');
  }
});

test('a stack sealed onto other parents than it was made on mounts on the new ones', async () => {
  const deep = await stack(300);
  await driver.seal(deep);
  const loose: Layer = { id: 'loose', parents: [] };
  await driver.create(loose);
  writeFileSync(`${root}/loose/fs/own`, 'x');
  writeFileSync(`${root}/${deep.parents.at(-1)}/fs/bottom`, 'x');
  const bound: Layer = { id: 'loose', parents: [deep.id, ...deep.parents] };
  await driver.seal(bound);
  await host.mounter.withMounted(await driver.mounts(bound, 'ro'), async (directory) => {
    expect(readdirSync(directory)).toEqual(['bottom', 'own']);
  });
});

describe('the probe', () => {
  test.for<LoopFilesystemType>(['ext4', 'xfs', 'btrfs', 'tmpfs'])('finds it works on %s', async (type) => {
    await using other = await createLoopFilesystem({ type });
    expect(await definition.probe(contextIn(other.directory))).toEqual({
      supported: true,
      detail: `on ${type}`,
    });
    expect(readdirSync(other.directory)).toEqual([]);
  });

  test('says why not on an overlay', async () => {
    const top = await stack(2);
    await host.mounter.withMounted(await driver.mounts(top, 'rw'), async (directory) => {
      const result = await definition.probe(contextIn(directory));
      expect(result).toMatchObject({
        supported: false,
        hint: expect.stringContaining('an overlay cannot write'),
      });
      expect(readdirSync(directory)).toEqual([]);
    });
  });
});
