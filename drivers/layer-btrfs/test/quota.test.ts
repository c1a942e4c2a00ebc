/** Limits: what they count, where the driver offers them, and that they go with the layer. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { layerDriverCases, openLayerContext } from '@strata/conformance';
import { register } from '@strata/conformance/vitest';
import { type DriverContext, hasQuota, type LayerDriver, type QuotaLayerDriver } from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem, type LoopFilesystem, skipped } from '@strata/test-fixtures';
import { afterAll, describe, expect, test } from 'vitest';
import definition from '../src/index.ts';

const MIB = 1024 ** 2;
const host = createHost();
const { signal } = new AbortController();
const btrfs = (...args: string[]) => execFileSync('btrfs', args, { encoding: 'utf8' });
const driverIn = async (root: string): Promise<LayerDriver> => {
  const context: DriverContext<Record<string, never>> = {
    root,
    runDirectory: root,
    options: {},
    host,
    log: host.log,
    signal,
  };
  return await definition.create(context);
};

async function filesystems(): Promise<[pool: LoopFilesystem, shared: LoopFilesystem]> {
  const size = 2 * 1024 ** 3;
  return [
    await createLoopFilesystem({ type: 'btrfs', size }),
    await createLoopFilesystem({ type: 'btrfs', size }),
  ];
}
const [pool, shared] = await filesystems();
afterAll(async () => {
  await pool.dispose();
  await shared.dispose();
});

describe('on a pool', () => {
  test('quotas are offered, and switched on by the first limit alone', async () => {
    const driver = (await driverIn(pool.directory)) as QuotaLayerDriver;
    expect(hasQuota(driver)).toBe(true);
    await driver.create({ id: 'base', parents: [] });
    writeFileSync(`${pool.directory}/base/image`, Buffer.alloc(20 * MIB, 1));
    await driver.seal({ id: 'base', parents: [] });
    expect(() => btrfs('qgroup', 'show', pool.directory)).toThrow();
    const layer = { id: 'limited', parents: ['base'] };
    await driver.create(layer);
    await driver.setQuota(layer, { bytes: 8 * MIB });
    const write = () => writeFileSync(`${pool.directory}/limited/own`, Buffer.alloc(20 * MIB, 2));
    expect(write).toThrow(expect.objectContaining({ errno: -constants.errno.EDQUOT }));
    // A raised limit counts from now on.
    await driver.setQuota(layer, { bytes: 64 * MIB });
    write();
    await driver.remove('limited');
    await driver.remove('base');
    await driver.cleanup();
    btrfs('filesystem', 'sync', pool.directory); // wakes the cleaner
    btrfs('subvolume', 'sync', pool.directory);
    // What the cleaner had not finished when the first one looked.
    await driver.cleanup();
    expect(btrfs('qgroup', 'show', '-e', pool.directory)).not.toMatch(/^0\/2\d\d/m);
  });

  test('a limit on the number of files is refused', async () => {
    const driver = (await driverIn(pool.directory)) as QuotaLayerDriver;
    const refused = driver.setQuota({ id: 'x', parents: [] }, { bytes: MIB, inodes: 5 });
    await expect(refused).rejects.toMatchObject({ kind: 'unsupported', code: 'QUOTA_INODES' });
  });
});

test("on somebody else's btrfs quotas are not offered, unless they are on", async () => {
  const root = `${shared.directory}/strata`;
  mkdirSync(root);
  expect(hasQuota(await driverIn(root))).toBe(false);
  btrfs('quota', 'enable', shared.directory);
  expect(hasQuota(await driverIn(root))).toBe(true);
});

register(
  'LayerDriver btrfs with quotas',
  openLayerContext({
    definition,
    host,
    async createRoot() {
      const root = mkdtempSync(`${shared.directory}/root-`);
      return { root, dispose: async () => rmdirSync(root) };
    },
  }),
  layerDriverCases.filter(({ name }) =>
    /SetQuota|CapabilitiesMatch|CrashInside|CreateFromTemplate/.test(name),
  ),
);

describe('subvolumes made inside', () => {
  const limited = async (directory: string, name: string): Promise<LayerDriver> => {
    const driver = (await driverIn(directory)) as QuotaLayerDriver;
    await driver.create({ id: name, parents: [] });
    await driver.setQuota({ id: name, parents: [] }, { bytes: 16 * MIB });
    btrfs('subvolume', 'create', `${directory}/${name}/nested`);
    return driver;
  };
  const writing = (file: string) => () => writeFileSync(file, Buffer.alloc(32 * MIB, 1));
  const full = expect.objectContaining({ errno: -constants.errno.EDQUOT });

  test('are not counted by classic quotas, which is told, and do not keep a full layer from being removed', async () => {
    const directory = `${shared.directory}/classic`;
    mkdirSync(directory);
    btrfs('quota', 'enable', shared.directory);
    const driver = (await limited(directory, 'classic')) as QuotaLayerDriver;
    expect(await driver.quotaCaveat?.()).toMatch(/does not count subvolumes.*simple quotas/);
    expect(writing(`${directory}/classic/own`)).toThrow(full);
    expect(() => mkdirSync(`${directory}/classic/more`)).toThrow(full);
    await driver.remove('classic');
    await driver.cleanup();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('are counted by simple quotas, which a pool gets', async (context) => {
    if (!existsSync('/sys/fs/btrfs/features/simple_quota')) {
      return skipped(context, 'this kernel has no simple quotas (Linux 6.7)');
    }
    const { directory, dispose } = await createLoopFilesystem({ type: 'btrfs', size: 2 * 1024 ** 3 });
    try {
      const driver = (await limited(directory, 'simple')) as QuotaLayerDriver;
      expect(await driver.quotaCaveat?.()).toBeUndefined();
      expect(writing(`${directory}/simple/nested/file`)).toThrow(full);
      expect(writing(`${directory}/simple/own`)).toThrow(full);
      expect(btrfs('qgroup', 'show', directory)).toMatch(/^1\//m);
      await driver.remove('simple');
      await driver.cleanup();
      expect(readdirSync(directory)).toEqual([]);
      btrfs('filesystem', 'sync', directory); // wakes the cleaner
      btrfs('subvolume', 'sync', directory);
      await driver.cleanup();
      expect(btrfs('qgroup', 'show', directory)).not.toMatch(/^1\//m);
    } finally {
      await dispose();
    }
  });
});
