import { mkdtempSync, rmdirSync } from 'node:fs';
import { layerDriverCases, openLayerContext, runCase } from '@strata/conformance';
import { register } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll, expect, test } from 'vitest';
import definition from '../src/index.ts';

const filesystem = await createLoopFilesystem({ type: 'ext4', size: 4 * 1024 ** 3 });
afterAll(() => filesystem.dispose());

const target = openLayerContext({
  definition,
  host: createHost(),
  async createRoot() {
    const root = mkdtempSync(`${filesystem.directory}/root-`);
    return { root, dispose: async () => rmdirSync(root) };
  },
});
/** A fault of the program, listed in the README; when it goes, this file says so. */
const known = layerDriverCases.find(({ name }) => name.startsWith('moby/UnixDomainSockets'))!;

register(
  'LayerDriver fuse-overlayfs',
  target,
  layerDriverCases.filter((each) => each !== known),
);

test('fuse-overlayfs 1.10 cannot delete or change a socket of a lower layer', async () => {
  const result = await runCase(target, known);
  expect(result).toMatchObject({ outcome: 'failed', error: { code: 'ENXIO' } });
});
