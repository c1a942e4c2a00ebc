/** The suite is worth what it catches: each fault must fail the case that names it, and vfs itself must pass it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { layerDriverCases, openLayerContext, runCase } from '@strata/conformance';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll, describe, expect, test } from 'vitest';
import definition from '../src/index.ts';
import { brokenDrivers } from './broken-drivers.ts';
import { brokenAtScale } from './broken-drivers-at-scale.ts';

const filesystem = await createLoopFilesystem({ type: 'tmpfs', size: 1024 ** 3 });
/** What a power cut takes must have been on a disk. */
const disk = await createLoopFilesystem({ type: 'ext4', size: 1024 ** 3 });
afterAll(async () => {
  await filesystem.dispose();
  await disk.dispose();
});
const host = createHost({ logLevel: 'error' });

async function outcome(broken: typeof definition, name: string): Promise<string> {
  const found = layerDriverCases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the suite has no case ${name}`);
  const createRoot = async () => {
    const { directory } = name.includes('PowerCut') ? disk : filesystem;
    const root = mkdtempSync(`${directory}/root-`);
    return { root, dispose: async () => rmSync(root, { recursive: true }) };
  };
  return (await runCase(openLayerContext({ definition: broken, host, createRoot }), found)).outcome;
}

describe('a driver that', () => {
  for (const { fault, caughtBy, definition: broken } of [...brokenDrivers, ...brokenAtScale]) {
    test(`${fault} fails ${caughtBy}`, async () => {
      expect(await outcome(broken, caughtBy)).toBe('failed');
      expect(await outcome(definition, caughtBy)).not.toBe('failed');
    });
  }
});

test('every case has a name of its own, which says where it comes from', () => {
  const names = layerDriverCases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^(containerd|graphtest|moby|strata)\/\S/);
});
