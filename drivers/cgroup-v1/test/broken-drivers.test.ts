/** The driver with one fault each, and the case of the suite whose name says that fault. */
import { mkdtemp, rm } from 'node:fs/promises';
import { cgroupDriverCases, openCgroupContext, runCases } from '@strata/conformance';
import type { CgroupCapabilities, CgroupDriver } from '@strata/core';
import { createHost } from '@strata/host';
import { expect, test } from 'vitest';
import definition from '../src/index.ts';

type Changes = (good: CgroupDriver) => Partial<CgroupDriver>;

function changed(good: CgroupDriver, changes: Changes): CgroupDriver {
  const members = changes(good);
  return new Proxy(good, {
    get(target, name) {
      const replaced: unknown = Reflect.get(members, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const without =
  (name: keyof CgroupCapabilities): Changes =>
  (good) => ({
    capabilities: { ...good.capabilities, [name]: false },
  });

const faults: readonly (readonly [fault: string, caughtBy: string, changes: Changes])[] = [
  [
    'says it cannot limit memory, and takes the limit',
    'strata/LimitIsRefusedNotIgnored/memory',
    without('memory'),
  ],
  ['says it cannot freeze, and freezes', 'strata/FreezeIsRefused', without('freezer')],
  ['says it has no statistics, and has', 'strata/StatsAreRefused', without('stats')],
  ['forgets its cgroups', 'strata/CreateListRemove', () => ({ list: async () => [] })],
  ['sees no processes', 'strata/ProcessesAreListedAndKilled', () => ({ processes: async () => [] })],
  [
    'removes once only',
    'strata/RemoveIsIdempotent',
    (good) => {
      const gone = new Set<string>();
      return {
        async remove(ref) {
          await good.remove(ref);
          if (gone.has(ref.id)) throw new Error('it is gone');
          gone.add(ref.id);
        },
      };
    },
  ],
  [
    'follows a parent out of its subtree',
    'strata/ParentsCannotLeaveTheSubtree',
    (good) => ({ create: (id, resources) => good.create(id, resources) }),
  ],
  [
    'moves into a cgroup that is lived in',
    'strata/CreateRefusesACgroupInUse',
    (good) => ({
      create: (id, resources) => good.create(id, resources).catch(() => ({ id, path: '/', state: {} })),
    }),
  ],
  [
    'takes a memory limit and sets another',
    'strata/LimitIsSetAndChanged/memory',
    (good) => ({
      create: (id, { memory, memorySwap, ...rest }) => good.create(id, { ...rest, memory: 2 ** 28 }),
    }),
  ],
  [
    'takes a pids limit and sets none',
    'strata/ForksStopAtThePidsLimit',
    (good) => ({
      create: (id, { pids, ...rest }, options) => good.create(id, { ...rest, pids: 64 }, options),
    }),
  ],
  ['updates nothing', 'strata/UpdateLeavesOtherLimits', () => ({ update: async () => {} })],
  [
    'tells of no out-of-memory kill',
    'strata/MemoryHogIsKilledAndTold',
    () => ({ events: async function* () {} }),
  ],
  ['freezes nothing', 'strata/FrozenStandsStillAndThawedGoesOn', () => ({ freeze: async () => {} })],
  [
    'kills what removing is refused for',
    'strata/RemoveRefusesAndSparesTheLiving',
    (good) => ({
      async remove(ref) {
        await good.kill(ref);
        await good.remove(ref);
      },
    }),
  ],
  [
    'makes every parent its own',
    'strata/ParentsAreMadeAndTakenAway',
    (good) => ({ create: (id, resources) => good.create(id, resources) }),
  ],
];

const host = createHost();

test.each(faults)('a driver that %s is caught by %s', async (_, caughtBy, changes) => {
  const broken = {
    ...definition,
    create: async (context: Parameters<typeof definition.create>[0]) =>
      changed(await definition.create(context), changes),
  };
  const target = openCgroupContext({
    definition: broken,
    host,
    async createRoot() {
      const root = await mkdtemp('/dev/shm/strata-broken-cgroup-');
      return { root, dispose: () => rm(root, { recursive: true }) };
    },
  });
  const cases = cgroupDriverCases.filter(({ name }) => name === caughtBy);
  expect(cases).toHaveLength(1);
  for await (const result of runCases(target, cases, { milliseconds: 5000 }))
    expect(result.outcome).toBe('failed');
});
