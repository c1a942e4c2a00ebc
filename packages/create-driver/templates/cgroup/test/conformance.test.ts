import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupDriverSuite } from '@strata/conformance/vitest';
import { createHost } from '@strata/host';
import definition from '../src/index.ts';

cgroupDriverSuite({
  definition,
  host: createHost(),
  async createRoot() {
    const root = await mkdtemp(join(tmpdir(), 'strata-cgroup-'));
    return { root, dispose: () => rm(root, { recursive: true }) };
  },
});
