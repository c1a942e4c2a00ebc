import type { CgroupRef, Resources } from '@strata/core';
import type { EngineServices } from '../services.ts';
import type { NewContainer } from './state/container-store.ts';

/** podman's default; without one a fork bomb takes the host. */
const defaultPids = 2048;

export async function makeCgroup(services: EngineServices, { id, config }: NewContainer): Promise<CgroupRef> {
  const driver = await services.cgroup();
  const resources: Resources =
    config.resources.pids === undefined && driver.capabilities.pids
      ? { ...config.resources, pids: defaultPids }
      : config.resources;
  const parent = config.cgroupParent === undefined ? {} : { parent: config.cgroupParent };
  return await driver.create(id, resources, parent);
}
