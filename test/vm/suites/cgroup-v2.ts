import { mkdtemp, rm } from 'node:fs/promises';
import { runCases } from '@strata/conformance';
import { cgroupDriverCases, openCgroupContext } from '@strata/conformance/cgroup';
import definition from '@strata/driver-cgroup-v2';
import { createHost } from '@strata/host';
import { cgroupV2Cases } from './cgroup-v2-cases.ts';
import type { VmCases } from './index.ts';

const roots = {
  async createRoot() {
    const root = await mkdtemp('/dev/shm/strata-cgroup-suite-');
    return { root, dispose: () => rm(root, { recursive: true }) };
  },
};

/** The CgroupDriver contract on the hierarchy most hosts have. */
const cases: VmCases = () =>
  runCases(
    openCgroupContext({ definition, host: createHost(), ...roots }),
    [...cgroupDriverCases, ...cgroupV2Cases],
    {
      milliseconds: 120_000,
    },
  );

export default cases;
