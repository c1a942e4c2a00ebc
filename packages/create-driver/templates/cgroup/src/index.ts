import { type DriverDefinition, noOptions } from '@strata/core';
import { ExampleCgroupDriver } from './example-cgroup-driver.ts';

export default {
  kind: 'cgroup',
  id: 'example',
  apiVersion: 1,
  summary: 'no limits yet: a start for a cgroup driver of your own',
  options: noOptions,
  // Try the real thing here as soon as there is one: make a cgroup, remove it.
  probe: async () => ({ supported: true }),
  create: () => new ExampleCgroupDriver(),
} satisfies DriverDefinition<'cgroup', Record<string, never>>;
