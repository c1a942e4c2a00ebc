/** Limits as a container feels them. */
import assert from 'node:assert/strict';
import type { CgroupCase } from './cgroup-context.ts';
import { needs } from './needs.ts';

const MIB = 2 ** 20;

export const enforcementCases: readonly CgroupCase[] = [
  {
    name: 'strata/MemoryHogIsKilledAndTold',
    excludedBy: needs('memory', 'stats'),
    async run(context) {
      const { driver } = context;
      const ref = await context.create({ memory: 16 * MIB, memorySwap: 16 * MIB });
      const neighbour = await context.create({ memory: 16 * MIB });
      const bystander = await context.inside(neighbour);
      const done = new AbortController();
      const events = (await context.another()).events(ref, done.signal)[Symbol.asyncIterator]();
      const told = events.next();
      const hog = await context.run(ref, 'exec tail /dev/zero');
      assert.equal((await hog.exited).signal, 'SIGKILL', 'the kernel kills what exceeds the limit');
      const event = await told;
      assert.equal(event.value?.kind, 'oom', 'events tells of it');
      await context.until('stats count it', async () => (await driver.stats(ref)).oomKills > 0);
      done.abort();
      assert.equal((await events.next()).done, true, 'events ends with its signal');
      assert.deepEqual(await driver.processes(neighbour), [bystander.pid], 'and kills nobody else');
      assert.equal((await driver.stats(neighbour)).oomKills, 0);
    },
  },
  {
    name: 'strata/ForksStopAtThePidsLimit',
    excludedBy: needs('pids', 'stats'),
    async run(context) {
      const ref = await context.create({ pids: 8 });
      await context.run(ref, 'trap "" CHLD; while :; do sleep 600 & sleep 0.01; done');
      const count = async () => (await context.driver.stats(ref)).pids;
      await context.until('it forks', async () => (await count()) >= 7);
      for (let n = 0; n < 20; n++) assert.ok((await count()) <= 8, 'never more than the limit');
      assert.equal((await context.driver.stats(ref)).pidsLimit, 8);
    },
  },
  {
    name: 'strata/CpuQuotaThrottles',
    excludedBy: needs('cpu', 'stats'),
    async run(context) {
      const ref = await context.create({ nanoCpus: 100_000_000 });
      await context.run(ref, 'while :; do :; done');
      await context.until(
        'one that wants a whole CPU is throttled to a tenth',
        async () => (await context.driver.stats(ref)).cpuThrottledNs > 0,
      );
    },
  },
];
