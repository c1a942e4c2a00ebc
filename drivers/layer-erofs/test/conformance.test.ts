import { mkdtempSync, rmdirSync } from 'node:fs';
import { layerDriverSuite } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll } from 'vitest';
import definition from '../src/index.ts';

const filesystem = await createLoopFilesystem({ type: 'ext4', size: 4 * 1024 ** 3 });
afterAll(() => filesystem.dispose());

layerDriverSuite({
  definition,
  host: createHost(),
  async createRoot() {
    const root = mkdtempSync(`${filesystem.directory}/root-`);
    return { root, dispose: async () => rmdirSync(root) };
  },
});
