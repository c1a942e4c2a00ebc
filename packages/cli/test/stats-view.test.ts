import type { CgroupStats } from '@strata/core';
import { describe, expect, it } from 'vitest';
import { formatTable } from '../src/format/table.ts';
import { fittingTable, statsRow, statsView } from '../src/views/stats-view.ts';

const MIB = 2 ** 20;
const id = 'abcdef012345'.padEnd(64, '0');
const options = { noTrunc: false, totalMemory: 1024 * MIB };

function use(changes: Partial<CgroupStats> = {}) {
  const cgroup: CgroupStats = {
    readAt: new Date(1000),
    cpuUsageNs: 0,
    cpuThrottledNs: 0,
    memoryBytes: 40 * MIB,
    memoryInactiveFileBytes: 8 * MIB,
    memoryLimitBytes: 64 * MIB,
    pids: 3,
    pidsLimit: undefined,
    blockReadBytes: 4096,
    blockWriteBytes: 0,
    oomKills: 0,
    ...changes,
  };
  return { id, name: 'web', cgroup, network: { receivedBytes: 1530, sentBytes: 0 } };
}

describe('a row of stats', () => {
  it("is docker's", () => {
    const now = use({ readAt: new Date(2000), cpuUsageNs: 1_500_000_000 });
    expect(
      formatTable([statsRow(now, use(), options)], statsView, { format: undefined, quiet: false }),
    ).toEqual(
      [
        'CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O       BLOCK I/O     PIDS',
        'abcdef012345   web       150.00%   32MiB / 64MiB       50.00%    1.53kB / 0B   4.1kB / 0B   3',
      ].map((line) =>
        expect.stringMatching(new RegExp(line.replaceAll(/\s+/g, '\\s+').replaceAll('.', '\\.'))),
      ),
    );
  });

  it('has no rate before the second reading, nor after a restart', () => {
    expect(statsRow(use(), undefined, options)).toMatchObject({ CPUPerc: '0.00%' });
    const restarted = use({ readAt: new Date(2000), cpuUsageNs: 5 });
    expect(statsRow(restarted, use({ cpuUsageNs: 1e12 }), options)).toMatchObject({ CPUPerc: '0.00%' });
  });

  it('measures one without a limit by the machine', () => {
    const row = statsRow(use({ memoryLimitBytes: undefined }), undefined, options);
    expect(row).toMatchObject({ MemUsage: '32MiB / 1GiB', MemPerc: '3.13%' });
  });

  it('is all zeros for one that does not run', () => {
    const row = statsRow({ id, name: 'web', cgroup: undefined, network: undefined }, undefined, options);
    expect(row).toMatchObject({ CPUPerc: '0.00%', MemUsage: '0B / 0B', NetIO: '0B / 0B', PIDs: '0' });
  });
});

describe('a table that has to fit a terminal', () => {
  const rows = ['web', 'a-container-with-a-long-name'].map((name) =>
    statsRow({ ...use(), name }, undefined, options),
  );
  const widest = (columns: number) =>
    Math.max(...fittingTable(rows, columns).map((line) => [...line].length));

  it('is whole where there is room', () => {
    expect(fittingTable(rows, 200)[0]).toMatch(/^CONTAINER ID +NAME .*PIDS$/);
  });

  it('loses ids first, then the ends of long names, and no figure', () => {
    expect(fittingTable(rows, 110)[0]).toMatch(/^NAME .*PIDS$/);
    expect(fittingTable(rows, 110)[2]).toContain('a-container-with-a-long-name');
    expect(widest(92)).toBeLessThanOrEqual(92);
    expect(fittingTable(rows, 92)[2]).toMatch(/^a-con.*… .*64MiB.* 3$/);
    expect(fittingTable(rows, 20)[2]).toMatch(/^a-conta… /);
  });
});
