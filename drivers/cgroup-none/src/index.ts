/** @module No limits and no accounting: the null driver. */
import { type DriverDefinition, noOptions } from '@strata/core';
import { NoCgroupDriver } from './none-cgroup-driver.ts';

const cgroupNone: DriverDefinition<'cgroup', Record<string, never>> = {
  kind: 'cgroup',
  id: 'none',
  apiVersion: 1,
  summary: 'no limits, for hosts without usable cgroups',
  options: noOptions,
  probe: async () => ({ supported: true }),
  create: (context) => new NoCgroupDriver(context.host),
};

export default cgroupNone;
