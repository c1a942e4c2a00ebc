import { mkdtempSync, rmdirSync } from 'node:fs';
import { layerDriverCases, openLayerContext, runCase } from '@strata/conformance';
import { layerDriverSuite } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll, expect, test } from 'vitest';
import definition from '../src/index.ts';

const filesystem = await createLoopFilesystem({ type: 'ext4', size: 4 * 1024 ** 3 });
afterAll(() => filesystem.dispose());

const target = {
  definition,
  host: createHost(),
  async createRoot() {
    const root = mkdtempSync(`${filesystem.directory}/root-`);
    return { root, dispose: async () => rmdirSync(root) };
  },
};

layerDriverSuite(target);

/** A fault of the program, which the driver declares; when it goes, this test says so. */
test('fuse-overlayfs 1.10 cannot delete or change a socket of a lower layer', async () => {
  const { excludedBy: _, ...sockets } = layerDriverCases.find(
    ({ name }) => name === 'strata/InheritedSockets',
  )!;
  const result = await runCase(openLayerContext(target), sockets);
  expect(result).toMatchObject({ outcome: 'failed', error: { code: 'ENXIO' } });
});
