import { mkdtemp, rm } from 'node:fs/promises';
import { cgroupDriverSuite } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import definition from '../src/index.ts';

cgroupDriverSuite({
  definition,
  host: createHost(),
  async createRoot() {
    const root = await mkdtemp('/dev/shm/strata-cgroup-suite-');
    return { root, dispose: () => rm(root, { recursive: true }) };
  },
});
