import { mkdtemp, rmdir } from 'node:fs/promises';
import { createTestFilesystem } from '@strata/conformance';
import { layerDriverSuite } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import { afterAll } from 'vitest';
import definition from '../src/index.ts';

const host = createHost();
// btrfs and xfs share the blocks of copies; ext4 and tmpfs copy them.
const filesystem = await createTestFilesystem(host, { type: 'tmpfs', size: 4 * 1024 ** 3 });
afterAll(() => filesystem[Symbol.asyncDispose]());

layerDriverSuite({
  definition,
  host,
  async createRoot() {
    const root = await mkdtemp(`${filesystem.directory}/root-`);
    return { root, dispose: () => rmdir(root) };
  },
});
