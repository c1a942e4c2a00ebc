import { mkdtemp, rm } from 'node:fs/promises';
import { imageStoreSuite } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import definition from '../src/index.ts';

imageStoreSuite({
  definition,
  host: createHost(),
  async createRoot() {
    const root = await mkdtemp('/dev/shm/strata-image-suite-');
    return { root, dispose: () => rm(root, { recursive: true }) };
  },
});
