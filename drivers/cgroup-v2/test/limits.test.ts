import { describe, expect, it } from 'vitest';
import type { Controller } from '../src/hierarchy.ts';
import { type LimitContext, limitWrites } from '../src/limits.ts';
import { cpuWeight, ioWeight } from '../src/weights.ts';

const MIB = 2 ** 20;
const everything: readonly Controller[] = ['memory', 'cpu', 'pids', 'cpuset', 'io'];

/** A cgroup of a kernel with all controllers, four CPUs, and without BFQ. */
function kernel(changes: Partial<LimitContext> = {}): LimitContext {
  return {
    controllers: everything,
    current: (file) => (file === 'cpu.max' ? 'max 100000\n' : undefined),
    parent: (file) => (file === 'cpuset.cpus.effective' ? '0-3\n' : '0\n'),
    has: (file) => file !== 'io.bfq.weight',
    ...changes,
  };
}
const writes = (resources: Parameters<typeof limitWrites>[0], changes?: Partial<LimitContext>) =>
  limitWrites(resources, kernel(changes)).map(({ file, value }) => `${file} = ${value}`);

describe('weights', () => {
  it('meets both ends and both defaults', () => {
    expect([2, 1024, 262_144].map(cpuWeight)).toEqual([1, 100, 10_000]);
    expect([10, 1000].map(ioWeight)).toEqual([1, 10_000]);
  });
  it('never falls', () => {
    const all = Array.from({ length: 2000 }, (_, n) => cpuWeight(2 + n * 131));
    expect(all).toEqual(all.toSorted((a, b) => a - b));
  });
});

describe('memory', () => {
  it('counts swap apart from memory', () => {
    expect(writes({ memory: 64 * MIB, memorySwap: 80 * MIB })).toEqual([
      `memory.max = ${64 * MIB}`,
      `memory.swap.max = ${16 * MIB}`,
    ]);
    expect(writes({ memory: 64 * MIB, memorySwap: 64 * MIB })).toContain('memory.swap.max = 0');
    expect(writes({ memory: 64 * MIB })).toContain(`memory.swap.max = ${64 * MIB}`);
    expect(writes({ memory: 64 * MIB, memorySwap: -1 })).toContain('memory.swap.max = max');
  });
  it('needs no swap to limit memory alone, and refuses a swap limit without it', () => {
    const has = (file: string) => file !== 'memory.swap.max';
    expect(writes({ memory: 64 * MIB }, { has })).toEqual([`memory.max = ${64 * MIB}`]);
    expect(() => writes({ memory: 64 * MIB, memorySwap: 80 * MIB }, { has })).toThrow(/no memory.swap.max/);
  });
  it('refuses to reserve more than the limit', () => {
    expect(() => writes({ memory: 64 * MIB, memoryReservation: 65 * MIB })).toThrow(/larger than memory/);
  });
  it.each([{ memorySwappiness: 10 }, { oomKillDisable: true }])('refuses %j', (resources) => {
    expect(() => writes(resources)).toThrow(/cannot be set/);
  });
});

describe('cpu', () => {
  it('keeps of quota and period the one not named', () => {
    const current = () => '20000 50000\n';
    expect(writes({ nanoCpus: 1_500_000_000 })).toEqual(['cpu.max = 150000 100000']);
    expect(writes({ cpuQuota: 30_000 }, { current })).toEqual(['cpu.max = 30000 50000']);
    expect(writes({ cpuPeriod: 40_000 }, { current })).toEqual(['cpu.max = 20000 40000']);
    expect(writes({ cpuQuota: -1 }, { current })).toEqual(['cpu.max = max 50000']);
  });
  it('refuses more CPUs than there are, and less than the kernel can give', () => {
    expect(() => writes({ nanoCpus: 999_000_000_000 })).toThrow(/0.01 to \d+, as many as this host has/);
    expect(() => writes({ nanoCpus: 1_000_000 })).toThrow(/0.01 to/);
  });
  it('refuses CPUs that are not there, which the kernel would ignore', () => {
    expect(writes({ cpusetCpus: '0-1,3' })).toEqual(['cpuset.cpus = 0-1,3']);
    expect(() => writes({ cpusetCpus: '2-4' })).toThrow(/names 4, but there is only 0-3/);
  });
});

describe('block I/O', () => {
  const throttle = { major: 8, minor: 0 };
  it('writes a line per throttle, and the weight where it counts', () => {
    expect(
      writes({
        blockIoWeight: 100,
        blockIoThrottles: [
          { ...throttle, kind: 'read-bps', rate: MIB },
          { ...throttle, kind: 'write-iops', rate: 0 },
        ],
      }),
    ).toEqual(['io.weight = 910', `io.max = 8:0 rbps=${MIB}`, 'io.max = 8:0 wiops=max']);
    expect(writes({ blockIoWeight: 100 }, { has: () => true })).toEqual(['io.bfq.weight = 100']);
  });
});

it('refuses a limit whose controller is not there', () => {
  const controllers = everything.filter((name) => name !== 'io');
  expect(() => writes({ blockIoWeight: 100 }, { controllers })).toThrow(/io controller is not available/);
});
