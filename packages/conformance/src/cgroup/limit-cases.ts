import assert from 'node:assert/strict';
import type { CgroupCapabilities, CgroupRef, Resources } from '@strata/core';
import { assertDefinition } from '../driver/driver-target.ts';
import { expectError } from '../runner/expect-error.ts';
import type { CgroupCase, CgroupContext } from './cgroup-context.ts';
import { needs } from './needs.ts';

const MIB = 2 ** 20;

/** A limit per capability, and another to change it to. */
const LIMITS: readonly (readonly [keyof CgroupCapabilities, Resources, Resources])[] = [
  ['memory', { memory: 64 * MIB }, { memory: 128 * MIB }],
  ['cpu', { nanoCpus: 500_000_000 }, { nanoCpus: 1_000_000_000 }],
  ['pids', { pids: 33 }, { pids: 44 }],
  ['cpuset', { cpusetCpus: '0' }, { cpusetCpus: '0' }],
];

/** What no kernel can mean; nothing of it may be taken. */
const BAD: readonly (readonly [keyof CgroupCapabilities, Resources])[] = [
  ['memory', { memory: 1024 }],
  ['memory', { memory: 64 * MIB, memorySwap: 32 * MIB }],
  ['cpuset', { cpusetCpus: '4000' }],
  ['cpuset', { cpusetCpus: '0-9223372036854775807' }],
  ['cpu', { nanoCpus: 500_000_000, cpuQuota: 50_000 }],
  ['cpu', { cpuShares: 1 }],
  ['blockIo', { blockIoWeight: 5 }],
];

/** Where statistics name a limit, it is the one that was set. */
async function expectFigures(context: CgroupContext, ref: CgroupRef, resources: Resources): Promise<void> {
  if (!context.driver.capabilities.stats) return;
  const { memoryLimitBytes, pidsLimit } = await context.driver.stats(ref);
  if (resources.memory !== undefined) assert.equal(memoryLimitBytes, resources.memory, 'the memory limit');
  if (resources.pids !== undefined) assert.equal(pidsLimit, resources.pids, 'the pids limit');
}

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
        await expectFigures(context, ref, first);
        await context.driver.update(ref, second);
        await expectFigures(context, ref, second);
        await (await context.another()).update(ref, first);
        await expectFigures(context, ref, first);
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
    name: 'strata/UpdateLeavesOtherLimits',
    excludedBy: needs('memory', 'pids', 'stats'),
    async run(context) {
      const ref = await context.create({ memory: 64 * MIB, pids: 33 });
      await context.driver.update(ref, { pids: 44 });
      await expectFigures(context, ref, { memory: 64 * MIB, pids: 44 });
      await context.driver.update(ref, { memory: 32 * MIB });
      await expectFigures(context, ref, { memory: 32 * MIB, pids: 44 });
    },
  },
  ...BAD.map(
    ([capability, resources]): CgroupCase => ({
      name: `strata/BadLimitIsRefused/${JSON.stringify(resources)}`,
      excludedBy: needs(capability),
      async run(context) {
        const before = await context.driver.list();
        await expectError('invalid-argument', 'create', () => context.create(resources));
        assert.deepEqual(await context.driver.list(), before, 'a refused create leaves nothing');
        const ref = await context.create();
        await expectError('invalid-argument', 'update', () => context.driver.update(ref, resources));
      },
    }),
  ),
  {
    name: 'strata/StatsOfWhatIsGone',
    excludedBy: needs('stats'),
    async run(context) {
      const ref = await context.create();
      await context.driver.remove(ref);
      await expectError('not-found', 'stats', () => context.driver.stats(ref));
      assert.deepEqual(await context.driver.processes(ref), []);
      await context.driver.kill(ref);
    },
  },
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
