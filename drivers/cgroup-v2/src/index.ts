/** @module Resource limits by the unified cgroup v2 hierarchy. */
import { type DriverDefinition, noOptions, StrataError } from '@strata/core';
import { findHierarchy, subtreeOf } from './hierarchy.ts';
import { probeCgroupV2 } from './probe.ts';
import { V2CgroupDriver } from './v2-cgroup-driver.ts';

const cgroupV2: DriverDefinition<'cgroup', Record<string, never>> = {
  kind: 'cgroup',
  id: 'v2',
  apiVersion: 1,
  summary: 'the unified cgroup v2 hierarchy',
  options: noOptions,
  probe: (context) => probeCgroupV2(context.runDirectory),
  create(context) {
    const hierarchy = findHierarchy();
    if (hierarchy === undefined)
      throw new StrataError('unsupported', 'CGROUP_NOT_MOUNTED', 'No cgroup2 filesystem is mounted');
    return new V2CgroupDriver(context.host, hierarchy, subtreeOf(hierarchy, context.runDirectory));
  },
};

export default cgroupV2;
