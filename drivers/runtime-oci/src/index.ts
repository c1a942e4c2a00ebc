/** @module runc or crun under conmon. */
import type { DriverDefinition } from '@strata/core';
import { OciRuntimeDriver } from './oci-runtime-driver.ts';
import { type RuntimeOptions, runtimeOptions } from './options.ts';
import { probeRuntime, selectRuntime } from './probe.ts';

export type { RuntimeOptions } from './options.ts';

const runtimeOci: DriverDefinition<'runtime', RuntimeOptions> = {
  kind: 'runtime',
  id: 'oci',
  apiVersion: 1,
  summary: 'runc or crun under conmon',
  options: runtimeOptions,
  probe: probeRuntime,
  create: async (context) => new OciRuntimeDriver(context, await selectRuntime(context)),
};

export default runtimeOci;
