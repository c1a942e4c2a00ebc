import { mkdtemp, rm } from 'node:fs/promises';
import { runtimeDriverSuite } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import definition from '../src/index.ts';

runtimeDriverSuite({
  definition,
  host: createHost(),
  async createRoot() {
    const root = await mkdtemp('/dev/shm/strata-runtime-suite-');
    return { root, dispose: () => rm(root, { recursive: true }) };
  },
});
