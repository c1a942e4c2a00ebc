import assert from 'node:assert/strict';
import type { CgroupCapabilities, Resources } from '@strata/core';
import { assertDefinition } from '../driver/driver-target.ts';
import { expectError } from '../runner/expect-error.ts';
import type { CgroupCase } from './cgroup-context.ts';

const MIB = 2 ** 20;

/** A limit per capability, and another to change it to. */
const LIMITS: readonly (readonly [keyof CgroupCapabilities, Resources, Resources])[] = [
  ['memory', { memory: 64 * MIB }, { memory: 128 * MIB }],
  ['cpu', { nanoCpus: 500_000_000 }, { nanoCpus: 1_000_000_000 }],
  ['pids', { pids: 33 }, { pids: 44 }],
  ['cpuset', { cpusetCpus: '0' }, { cpusetCpus: '0' }],
];

export const limitCases: readonly CgroupCase[] = [
  {
    name: 'strata/CgroupDefinitionIsWellFormed',
    run: ({ target, root }) => assertDefinition(target, 'cgroup', root),
  },
  ...LIMITS.flatMap(([capability, first, second]): CgroupCase[] => [
    {
      name: `strata/LimitIsSetAndChanged/${capability}`,
      excludedBy: (traits) => (traits[capability] ? undefined : `the driver cannot limit ${capability}`),
      async run(context) {
        const ref = await context.create(first);
        await context.driver.update(ref, second);
        await (await context.another()).update(ref, first);
      },
    },
    {
      name: `strata/LimitIsRefusedNotIgnored/${capability}`,
      excludedBy: (traits) => (traits[capability] ? `the driver limits ${capability}` : undefined),
      async run(context) {
        const before = await context.driver.list();
        await expectError('unsupported', `create with ${JSON.stringify(first)}`, () => context.create(first));
        assert.deepEqual(await context.driver.list(), before, 'a refused create leaves nothing');
        const ref = await context.create();
        await expectError('unsupported', `update to ${JSON.stringify(second)}`, () =>
          context.driver.update(ref, second),
        );
      },
    },
  ]),
  {
    name: 'strata/StatsAreFigures',
    excludedBy: ({ stats }) => (stats ? undefined : 'the driver has no statistics'),
    async run(context) {
      const ref = await context.create();
      await context.inside(ref);
      const stats = await context.driver.stats(ref);
      assert.ok(stats.readAt instanceof Date);
      assert.equal(stats.pids, 1);
      for (const name of ['cpuUsageNs', 'memoryBytes', 'blockReadBytes', 'oomKills'] as const)
        assert.ok(Number.isSafeInteger(stats[name]) && stats[name] >= 0, `${name} is ${stats[name]}`);
    },
  },
  {
    name: 'strata/StatsAreRefused',
    excludedBy: ({ stats }) => (stats ? 'the driver has statistics' : undefined),
    async run(context) {
      const ref = await context.create();
      await expectError('unsupported', 'stats', () => context.driver.stats(ref));
    },
  },
];
