/** @module Resource limits by cgroup v1 hierarchies, also on hybrid hosts. */
import { type DriverDefinition, noOptions } from '@strata/core';
import { findHierarchies, subtreeOf } from './hierarchies.ts';
import { probeCgroupV1 } from './probe.ts';
import { CgroupV1Driver } from './v1-cgroup-driver.ts';

const cgroupV1: DriverDefinition<'cgroup', Record<string, never>> = {
  kind: 'cgroup',
  id: 'v1',
  apiVersion: 1,
  summary: 'cgroup v1 controllers, one hierarchy each',
  options: noOptions,
  probe: probeCgroupV1,
  create: (context) => new CgroupV1Driver(context.host, findHierarchies(), subtreeOf(context.runDirectory)),
};

export default cgroupV1;
