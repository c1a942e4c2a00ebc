/** Limits: what they count, where the driver offers them, and that they go with the layer. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { layerDriverCases, openLayerContext } from '@strata/conformance';
import { register } from '@strata/conformance/vitest';
import { type DriverContext, hasQuota, type LayerDriver, type QuotaLayerDriver } from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem, type LoopFilesystem } from '@strata/test-fixtures';
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
    btrfs('subvolume', 'sync', pool.directory);
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
