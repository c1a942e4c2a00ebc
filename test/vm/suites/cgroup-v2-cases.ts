/** What is special about v2, in its own files. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupCase, expectError } from '@strata/conformance';
import { CgroupDirectory } from '../../../drivers/cgroup-v2/src/cgroup-directory.ts';
import { findHierarchy } from '../../../drivers/cgroup-v2/src/hierarchy.ts';
import { killOneByOne } from '../../../drivers/cgroup-v2/src/kill.ts';

const MIB = 2 ** 20;
const mount = '/sys/fs/cgroup';
const disk = () => {
  const { rdev } = statSync('/dev/vda');
  return { major: rdev >> 8, minor: rdev & 0xff };
};

export const cgroupV2Cases: readonly CgroupCase[] = [
  {
    name: 'v2/BlockIoThrottlesAndWeight',
    async run(context) {
      const { major, minor } = disk();
      const ref = await context.create({
        blockIoWeight: 1000,
        blockIoThrottles: [
          { major, minor, kind: 'read-bps', rate: MIB },
          { major, minor, kind: 'write-iops', rate: 30 },
        ],
      });
      const read = (name: string) => readFileSync(join(mount, ref.path!, name), 'utf8').trim();
      assert.equal(read('io.max'), `${major}:${minor} rbps=${MIB} wbps=max riops=max wiops=30`);
      assert.match(
        read(existsSync(join(mount, ref.path!, 'io.bfq.weight')) ? 'io.bfq.weight' : 'io.weight'),
        /0$/,
      );
      const nowhere = [{ major: 250, minor: 77, kind: 'read-bps', rate: MIB } as const];
      await expectError('unsupported', 'a disk that is not there', () =>
        context.create({ blockIoThrottles: nowhere }),
      );
    },
  },
  {
    name: 'v2/KillsOneByOneWithoutCgroupKill',
    async run(context) {
      const ref = await context.create({ pids: 40 });
      await context.run(ref, 'while :; do sleep 600 & sleep 0.01; done');
      await context.until('it forks', async () => (await context.driver.processes(ref)).length > 5);
      const cgroup = new CgroupDirectory(findHierarchy()!, ref.path!.slice(1));
      await context.until('all are dead', async () => {
        await killOneByOne(cgroup, context.host);
        return cgroup.value('cgroup.events', 'populated') === 0;
      });
    },
  },
  {
    name: 'v2/UpdateBelowUseIsRefused',
    async run(context) {
      const ref = await context.create({ memory: 64 * MIB, memorySwap: 64 * MIB });
      const child = await context.run(ref, 'head -c 30000000 /dev/zero | tail | sleep 600');
      const used = async () => (await context.driver.stats(ref)).memoryBytes;
      await context.until('it uses memory', async () => (await used()) > 25 * MIB);
      await expectError('failed-precondition', 'update', () =>
        context.driver.update(ref, { memory: 16 * MIB }),
      );
      const { memoryLimitBytes, oomKills } = await context.driver.stats(ref);
      assert.deepEqual({ memoryLimitBytes, oomKills }, { memoryLimitBytes: 64 * MIB, oomKills: 0 });
      assert.ok((await context.driver.processes(ref)).includes(child.pid));
    },
  },
  {
    name: 'v2/BelowADelegatedCgroupWhereTheRootIsNotOurs',
    async run() {
      const service = join(mount, 'service.slice');
      mkdirSync(join(service, 'main'), { recursive: true });
      try {
        // The root of a cgroup namespace looks like this: it has a type, and it holds processes.
        const mountinfo = `31 23 0:28 / ${service} rw - cgroup2 cgroup2 rw`;
        assert.equal(findHierarchy({ mountinfo, membership: '0::/main' })?.base, 'main');
        writeFileSync(join(service, 'main', 'cgroup.procs'), String(process.pid));
        assert.equal(findHierarchy({ mountinfo, membership: '0::/main' })?.base, '');
        assert.equal(findHierarchy()?.base, '', 'and at the real root it does not matter where we are');
      } finally {
        writeFileSync(join(mount, 'cgroup.procs'), String(process.pid));
        rmdirSync(join(service, 'main'));
        rmdirSync(service);
      }
    },
  },
];
