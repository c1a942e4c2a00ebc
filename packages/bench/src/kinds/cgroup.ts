import { randomBytes } from 'node:crypto';
import type { CgroupDriver, CgroupRef, Resources } from '@strata/core';
import { clock, seconds, timed, WARM, type Workload } from '../workloads/workload.ts';
import type { KindSubject } from './contestants.ts';

type CgroupWorkload = Workload<KindSubject<'cgroup'>>;

/** One is too short to be timed alone. */
const MANY = 20;

/** Limits as far as the driver has them. */
function limits({ capabilities }: CgroupDriver, memory: number): Resources {
  return {
    ...(capabilities.memory ? { memory } : {}),
    ...(capabilities.pids ? { pids: 100 } : {}),
    ...(capabilities.cpu ? { nanoCpus: 500_000_000 } : {}),
  };
}

async function createMany(driver: CgroupDriver): Promise<CgroupRef[]> {
  const made: CgroupRef[] = [];
  try {
    for (let n = 0; n < MANY; n++)
      made.push(await driver.create(randomBytes(32).toString('hex'), limits(driver, 64 * 2 ** 20)));
    return made;
  } catch (error) {
    await removeMany(driver, made);
    throw error;
  }
}

async function removeMany(driver: CgroupDriver, made: readonly CgroupRef[]): Promise<void> {
  for (const ref of made) await driver.remove(ref);
}

const lifecycle: CgroupWorkload = {
  id: 'lifecycle',
  title: 'Create, change and remove a cgroup',
  tells: 'What limits add to the start, to `strata update` and to the end of a container.',
  metrics: [seconds('create', 'create'), seconds('update', 'update'), seconds('remove', 'remove')],
  cache: 'not part of it',
  needsImage: false,
  async open({ driver }) {
    return {
      async run() {
        const creating = clock();
        const made = await createMany(driver);
        const create = creating() / MANY;
        try {
          const update = await timed(async () => {
            for (const ref of made) await driver.update(ref, limits(driver, 128 * 2 ** 20));
          });
          const remove = await timed(() => removeMany(driver, made));
          return { create, update: update / MANY, remove: remove / MANY };
        } finally {
          await removeMany(driver, made);
        }
      },
    };
  },
};

const use: CgroupWorkload = {
  id: 'use',
  title: 'Read and freeze a cgroup',
  tells: 'What `strata stats` pays per container and reading, and `strata pause` and `unpause` together.',
  metrics: [seconds('stats', 'read the figures'), seconds('freeze', 'freeze and thaw')],
  cache: WARM,
  needsImage: false,
  async open({ driver }) {
    const { capabilities } = driver;
    if (!capabilities.stats && !capabilities.freezer)
      return { skip: 'the driver neither counts nor freezes' };
    const made = await createMany(driver);
    return {
      run: async () => ({
        ...(capabilities.stats
          ? { stats: (await timed(() => each(made, (ref) => driver.stats(ref)))) / MANY }
          : {}),
        ...(capabilities.freezer
          ? {
              freeze:
                (await timed(() =>
                  each(made, async (ref) => {
                    await driver.freeze(ref);
                    await driver.thaw(ref);
                  }),
                )) / MANY,
            }
          : {}),
      }),
      close: () => removeMany(driver, made),
    };
  },
};

async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  for (const item of items) await act(item);
}

export const cgroupWorkloads: readonly CgroupWorkload[] = [lifecycle, use];
