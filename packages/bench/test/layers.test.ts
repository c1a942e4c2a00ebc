import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type AnyDriverDefinition, StrataError } from '@strata/core';
import btrfs from '@strata/driver-layer-btrfs';
import overlay from '@strata/driver-layer-overlay';
import vfs from '@strata/driver-layer-vfs';
import { createHost } from '@strata/host';
import { createLoopFilesystem, type LoopFilesystem as Disk } from '@strata/test-fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchPorts, type BenchProgress, benchLayers, type LayerBenchRequest } from '../src/index.ts';
import { LoopFilesystem } from '../src/stage/loop-filesystem.ts';
import { openWorkplace } from '../src/stage/workplace.ts';

const host = createHost({ logLevel: 'error' });
const noEngine = async (): Promise<never> => {
  throw new Error('no engine is needed here');
};
const ports: BenchPorts = {
  host,
  drivers: [overlay, btrfs, vfs] as readonly AnyDriverDefinition[],
  version: 'test',
  openEngine: noEngine,
  userEngine: noEngine,
};

/** Mounts, loop devices and directories that mention a bench of this process or a directory. */
function traces(...directories: readonly string[]): string[] {
  const mine = (line: string): boolean => line.includes(`strata-bench-${process.pid}-`);
  return [
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(mine),
    ...execFileSync('losetup', ['-a'], { encoding: 'utf8' }).split('\n').filter(mine),
    ...[process.env.TMPDIR!, ...directories].flatMap((directory) => readdirSync(directory).filter(mine)),
  ];
}

const request = (part: Partial<LayerBenchRequest>): LayerBenchRequest => ({
  drivers: ['overlay', 'vfs'],
  workloads: ['copy-up'],
  runs: 1,
  backing: { kind: 'memory' },
  cold: false,
  image: { kind: 'synthetic' },
  words: ['strata', 'bench'],
  signal: new AbortController().signal,
  ...part,
});

describe('a bench of real layer drivers', { timeout: 300_000 }, () => {
  let disk: Disk;
  const temporary = process.env.TMPDIR;
  beforeAll(async () => {
    disk = await createLoopFilesystem({ type: 'ext4', size: 4 * 2 ** 30 });
    process.env.TMPDIR = mkdtempSync(join(disk.directory, 'tmp-'));
  });
  afterAll(async () => {
    if (temporary === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = temporary;
    await disk.dispose();
  });

  it('finds what overlay pays for a copy-up and saves in page cache and space', async () => {
    const report = await benchLayers(
      ports,
      request({
        drivers: ['overlay', 'btrfs', 'vfs'],
        workloads: ['copy-up', 'disk-space', 'page-cache'],
      }),
    );
    const figures = (workload: string, metric: string) =>
      Object.fromEntries(
        report.workloads
          .find(({ id }) => id === workload)!
          .metrics.find(({ id }) => id === metric)!
          .measured.map(({ subject, median }) => [subject, median]),
      );
    const byte = figures('copy-up', 'byte');
    expect(byte.overlay! / byte.btrfs!).toBeGreaterThan(5);
    expect(
      figures('disk-space', 'containers').vfs! / figures('disk-space', 'containers').overlay!,
    ).toBeGreaterThan(10);
    const MIB = 2 ** 20;
    expect(figures('page-cache', 'cached')).toEqual({ overlay: 64 * MIB, btrfs: 256 * MIB, vfs: 256 * MIB });
    expect(report.subjects.map(({ filesystem }) => filesystem)).toEqual(['ext4', 'btrfs', 'ext4']);
    expect(report.workloads.flatMap(({ notMeasured }) => notMeasured)).toEqual(
      ['images-inodes', 'containers-inodes'].map((metric) => ({
        subject: 'btrfs',
        metric,
        cause: 'skipped',
        reason: 'btrfs does not count inodes',
      })),
    );
    expect(traces()).toEqual([]);
  });

  it('says what overlay cannot do instead of leaving it out silently', async () => {
    const { workloads } = await benchLayers(ports, request({ workloads: ['storm'], runs: 1 }));
    expect(workloads[0]!.notMeasured).toEqual([
      expect.objectContaining({ subject: 'overlay', metric: 'rename-directory', cause: 'skipped' }),
    ]);
  });

  it('measures in a directory, with a pool for the driver that needs one, and leaves it empty', async () => {
    const before = readdirSync(disk.directory);
    const report = await benchLayers(
      ports,
      request({
        drivers: ['overlay', 'btrfs'],
        workloads: ['read-tree', 'remove', 'clone', 'disk-space', 'page-cache'],
        backing: { kind: 'directory', path: disk.directory },
      }),
    );
    expect(report.subjects.map(({ filesystem }) => filesystem)).toEqual(['ext4', 'btrfs']);
    const cache = report.workloads.find(({ id }) => id === 'page-cache')!;
    expect(cache.notMeasured).toEqual([
      expect.objectContaining({
        subject: 'overlay',
        cause: 'skipped',
        reason: expect.stringContaining('--cold'),
      }),
    ]);
    const reads = report.workloads.find(({ id }) => id === 'read-tree')!;
    const measured = Object.fromEntries(
      reads.metrics.map((metric) => [metric.id, metric.measured.map(({ subject }) => subject)]),
    );
    // A warm read beside a cold one would say that overlay is fast.
    expect(measured).toMatchObject({ 'first-1': ['btrfs'], 'warm-1': ['overlay', 'btrfs'] });
    expect(reads.notMeasured).toContainEqual(
      expect.objectContaining({ subject: 'overlay', metric: 'first-1', cause: 'skipped' }),
    );
    expect(readdirSync(disk.directory)).toEqual(before);
    expect(traces(disk.directory)).toEqual([]);
  });

  it('does not let one driver fail because another filled the disk they share', async () => {
    const directory = mkdtempSync(join(disk.directory, 'small-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=150m', 'none', directory]);
    try {
      const { workloads } = await benchLayers(
        ports,
        request({
          drivers: ['vfs', 'overlay'],
          workloads: ['disk-space'],
          runs: 2,
          backing: { kind: 'directory', path: directory },
        }),
      );
      expect(workloads[0]!.notMeasured).toEqual([
        { subject: 'vfs', cause: 'failed', reason: expect.stringMatching(/no space/i) },
      ]);
      expect(workloads[0]!.metrics[0]!.measured.map(({ subject }) => subject)).toEqual(['overlay']);
    } finally {
      execFileSync('umount', [directory]);
      rmSync(directory, { recursive: true });
    }
  });

  it('empties the cache of the file below its filesystem, too', async () => {
    const filesystem = await LoopFilesystem.create(host, mkdtempSync(join(disk.directory, 'loop-')), {
      id: 'x',
      pool: undefined,
    });
    const resident = () =>
      Number(
        execFileSync('fincore', ['-bno', 'RES', join(filesystem.directory, '../x.img')], {
          encoding: 'utf8',
        }),
      );
    try {
      writeFileSync(join(filesystem.directory, 'file'), Buffer.alloc(16 * 2 ** 20, 'x'));
      await host.files.syncfs(filesystem.directory);
      expect(resident()).toBeGreaterThan(16 * 2 ** 20);
      await filesystem.forgetCaches();
      expect(resident()).toBeLessThan(8 * 2 ** 20);
      expect(readFileSync(join(filesystem.directory, 'file'))).toHaveLength(16 * 2 ** 20);
    } finally {
      await host.mounter.unmount(filesystem.directory);
      rmSync(join(filesystem.directory, '..'), { recursive: true });
    }
  });

  it('empties it also when a process that began meanwhile still holds the mount', async () => {
    const parent = mkdtempSync(join(disk.directory, 'loop-'));
    const filesystem = await LoopFilesystem.create(host, parent, { id: 'x', pool: undefined });
    const file = join(filesystem.directory, 'file');
    const resident = () => Number(execFileSync('fincore', ['-bno', 'RES', file], { encoding: 'utf8' }));
    try {
      writeFileSync(file, Buffer.alloc(16 * 2 ** 20, 'x'));
      const holder = spawn('unshare', ['-m', 'sh', '-c', 'echo; exec sleep 1'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(holder.stdout, 'data');
      await filesystem.forgetCaches();
      expect(resident()).toBe(0);
    } finally {
      await host.mounter.unmount(filesystem.directory);
      rmSync(parent, { recursive: true });
    }
  });

  it('waits until btrfs has freed what was deleted', async () => {
    const parent = mkdtempSync(join(disk.directory, 'loop-'));
    const filesystem = await LoopFilesystem.create(host, parent, { id: 'x', pool: btrfs.pool });
    const taken = () => {
      const { blocks, bfree, bsize } = statfsSync(filesystem.directory);
      return ((blocks - bfree) * bsize) / 2 ** 20;
    };
    try {
      const before = taken();
      const layer = join(filesystem.directory, 'layer');
      execFileSync('btrfs', ['-q', 'subvolume', 'create', layer]);
      writeFileSync(join(layer, 'file'), Buffer.alloc(64 * 2 ** 20, 'x'));
      await host.files.syncfs(filesystem.directory);
      expect(taken() - before).toBeGreaterThan(60);
      execFileSync('btrfs', ['-q', 'subvolume', 'delete', layer]);
      await filesystem.drain();
      expect(taken() - before).toBeLessThan(4);
    } finally {
      await host.mounter.unmount(filesystem.directory);
      rmSync(parent, { recursive: true });
    }
  });

  it('finds out about an image that is nowhere before it measures', async () => {
    const missing = new StrataError('not-found', 'IMAGE_NOT_FOUND', 'no such image');
    const events: BenchProgress[] = [];
    const engine = async (): Promise<never> => {
      throw missing;
    };
    const bench = benchLayers(
      { ...ports, userEngine: engine, openEngine: engine },
      request({
        workloads: ['small-files', 'start'],
        image: { kind: 'image', reference: 'nope' },
        onProgress: (event) => events.push(event),
      }),
    );
    await expect(bench).rejects.toBe(missing);
    expect(events).toEqual([{ kind: 'image', image: 'nope' }]);
    expect(traces()).toEqual([]);
  });

  it.each(['memory', 'loop'] as const)(
    'leaves nothing in %s when it is stopped in the middle',
    async (kind) => {
      const stop = new AbortController();
      const onProgress = (event: BenchProgress): void => {
        if (event.kind === 'step' && event.workload.startsWith('Change what') && event.step === 2)
          stop.abort();
      };
      const report = await benchLayers(
        ports,
        request({
          workloads: ['copy-up', 'small-files', 'storm'],
          runs: 3,
          backing: { kind },
          signal: stop.signal,
          onProgress,
        }),
      );
      expect(report.partial).toMatch(/interrupted/);
      expect(report.workloads.map(({ id }) => id)).toEqual(['small-files', 'copy-up']);
      expect(traces()).toEqual([]);
    },
  );

  it('leaves out a driver that cannot work here, and has nothing to say when none can', async () => {
    const broken: AnyDriverDefinition = {
      ...vfs,
      id: 'broken',
      probe: async () => ({ supported: false, reason: 'no kernel for it', hint: 'boot another' }),
    };
    const with_ = { ...ports, drivers: [...ports.drivers, broken] };
    const report = await benchLayers(with_, request({ drivers: ['broken', 'vfs'], workloads: ['remove'] }));
    expect(report.leftOut).toEqual([{ id: 'broken', reason: 'no kernel for it', hint: 'boot another' }]);
    expect(report.subjects.map(({ id }) => id)).toEqual(['vfs']);
    // The tools are there, and the kernel cannot mount what they make.
    const pool = { ...btrfs.pool!, format: ['true'] as const };
    const strange: AnyDriverDefinition = { ...vfs, id: 'strange', pool };
    const rest = await benchLayers(
      { ...ports, drivers: [strange, ...ports.drivers] },
      request({ drivers: ['strange', 'vfs'], workloads: ['remove'] }),
    );
    expect(rest.leftOut).toEqual([
      expect.objectContaining({ id: 'strange', reason: expect.stringContaining('mount') }),
    ]);
    await expect(benchLayers(with_, request({ drivers: ['broken'] }))).rejects.toMatchObject({
      code: 'BENCH_NO_DRIVER',
      message: expect.stringContaining('no kernel for it'),
    });
    expect(traces()).toEqual([]);
  });

  it.each([
    ['an unknown driver', { drivers: ['nope'] }, 'DRIVER_UNKNOWN'],
    ['an unknown workload', { workloads: ['nope'] }, 'BENCH_WORKLOAD_UNKNOWN'],
    ['a missing directory', { backing: { kind: 'directory', path: '/nowhere' } as const }, 'BENCH_BACKING'],
  ])('refuses %s before it makes anything', async (_, part, code) => {
    await expect(benchLayers(ports, request(part))).rejects.toMatchObject({ code });
    expect(traces()).toEqual([]);
  });

  it('tidies up after a bench that was killed', async () => {
    const parent = mkdtempSync(join(disk.directory, 'parent-'));
    const dead = join(parent, 'strata-bench-1-99-x');
    mkdirSync(join(dead, 'backing'), { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(dead, 'backing')]);
    const alive = join(
      parent,
      `strata-bench-${process.ppid}-${host.processes.identify(process.ppid)!.startTime}-x`,
    );
    mkdirSync(alive);
    {
      await using _place = await openWorkplace(ports, parent);
      expect(existsSync(dead)).toBe(false);
      expect(existsSync(alive)).toBe(true);
    }
    rmSync(parent, { recursive: true });
  });

  it('touches nothing that others gave the name of a killed bench', async () => {
    const parent = mkdtempSync(join(disk.directory, 'parent-'));
    const precious = join(parent, 'precious');
    const mounted = join(precious, 'mounted');
    mkdirSync(mounted, { recursive: true, mode: 0o700 });
    writeFileSync(join(precious, 'file'), '');
    execFileSync('mount', ['-t', 'tmpfs', 'none', mounted]);
    symlinkSync(precious, join(parent, 'strata-bench-1-99-link'));
    const foreign = join(parent, 'strata-bench-1-99-foreign');
    mkdirSync(foreign, { mode: 0o700 });
    chownSync(foreign, 1234, 1234);
    const open = join(parent, 'strata-bench-1-99-open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    {
      await using _place = await openWorkplace(ports, parent);
      expect([precious, join(precious, 'file'), foreign, open].filter((path) => !existsSync(path))).toEqual(
        [],
      );
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).toContain(mounted);
    }
    execFileSync('umount', [mounted]);
    rmSync(parent, { recursive: true });
  });
});
