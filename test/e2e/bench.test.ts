import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { storeTag } from '@strata/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

interface Report {
  readonly kind: string;
  readonly partial?: string;
  readonly subjects: readonly { readonly id: string }[];
  readonly workloads: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly notMeasured: readonly { readonly subject: string; readonly reason: string }[];
    readonly metrics: readonly { readonly measured: { median: number; samples: number[] }[] }[];
  }[];
}

const binary = resolve(import.meta.dirname, '../../packages/cli/bin/strata');

/** Seconds that nobody else sleeps. */
const MARK = '48151623';

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

describe('strata bench', () => {
  let place: Stage;
  let files: string;
  beforeAll(async () => {
    place = await stage({ busybox: true });
    files = mkdtempSync(join(place.filesystem.directory, 'files-'));
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  const json = (name: string): Report => JSON.parse(readFileSync(join(files, name), 'utf8')) as Report;

  /** Everything of a bench that the host can see; names of running ones contain their pid. */
  function leftovers(): string[] {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    return [
      ...mounts.filter((line) => line.includes(`${files}/`)),
      ...readdirSync(files).filter((name) => name.startsWith('strata-bench-')),
    ];
  }

  /** Data in a directory of ours, so that nothing of other benches is in sight. */
  const bench = (...args: string[]) =>
    place.home.strata(['bench', '--backing', files, ...args], { env: { TMPDIR: files } });

  it('compares drivers with an image of the store, in every form', async () => {
    const before = place.home.traces();
    const { code, stdout, stderr } = await bench(
      '--storage=overlay,vfs',
      '--image=busybox',
      '--workload=unpack,start,parallel,changes',
      '--runs=3',
      `--json=${files}/r.json`,
      `--html=${files}/r.html`,
      `--markdown=${files}/r.md`,
    );
    expect(stderr).not.toMatch(/failed/);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Start a container.*\n.*\n.*median.*ratio/);
    const report = json('r.json');
    expect(report.workloads.map(({ id }) => id)).toEqual(['unpack', 'start', 'parallel', 'changes']);
    expect(report.workloads.flatMap(({ notMeasured }) => notMeasured)).toEqual([]);
    for (const { metrics } of report.workloads)
      for (const { measured } of metrics)
        expect(measured.map(({ samples }) => samples.length)).toEqual([3, 3]);
    expect(readFileSync(join(files, 'r.html'), 'utf8')).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect(readFileSync(join(files, 'r.md'), 'utf8')).toContain('## Start a container');
    expect(leftovers()).toEqual([]);
    await expect.poll(() => place.home.traces()).toEqual(before);
  });

  it('fails a job on a regression against a baseline, and not on the same figures', async () => {
    const arguments_ = ['--storage=vfs', '--workload=disk-space', '--fail-on-regression'];
    await bench('--storage=vfs', '--workload=disk-space', `--json=${files}/base.json`);
    const same = await bench(...arguments_, `--baseline=${files}/base.json`);
    expect({ code: same.code, stderr: same.stderr }).toMatchObject({ code: 0 });
    const base = json('base.json');
    for (const { measured } of base.workloads[0]!.metrics)
      for (const one of measured) {
        one.median /= 2;
        one.samples = one.samples.map((sample) => sample / 2);
      }
    writeFileSync(join(files, 'better.json'), JSON.stringify(base));
    const worse = await bench(...arguments_, `--baseline=${files}/better.json`);
    expect(worse.code).toBe(1);
    expect(worse.stdout).toMatch(/regression/);
  });

  it('fails a job when what the baseline has cannot be measured any more, or nothing was measured again', async () => {
    const little = ['--storage=overlay', '--workload=remove', '--runs=1'];
    await bench(...little, `--json=${files}/two.json`);
    const two = json('two.json');
    const renamed = two.workloads.map((workload) => ({ ...workload, id: `not-${workload.id}` }));
    writeFileSync(join(files, 'other.json'), JSON.stringify({ ...two, workloads: renamed }));
    const nothing = [...little, `--baseline=${files}/other.json`];
    const shown = await bench(...nothing);
    expect({ code: shown.code, stdout: shown.stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no figure of the baseline was measured again'),
    });
    expect((await bench(...nothing, '--fail-on-regression')).code).toBe(1);
  });

  it('keeps the report when a file of it cannot be written, and writes any form to standard output', async () => {
    const target = join(files, 'late.html');
    const arguments_ = ['--storage=overlay', '--workload=remove', '--markdown=-', `--html=${target}`];
    // Made while it measures.
    const running = bench(...arguments_);
    await expect.poll(() => leftovers().length).toBeGreaterThan(0);
    mkdirSync(target);
    const { code, stdout, stderr } = await running;
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('late.html') });
    expect(stdout).toMatch(/^# strata bench: overlay\n/);
  });

  it('runs a command of the user, and says how it failed', async () => {
    const good = await bench(
      '--storage=overlay',
      '--image=busybox',
      '--command=echo hi > /made',
      '--runs=2',
      '--json=-',
    );
    expect(good.code).toBe(0);
    expect((JSON.parse(good.stdout) as Report).workloads[0]!.metrics[0]!.measured[0]!.samples).toHaveLength(
      2,
    );
    const bad = await bench(
      '--storage=overlay',
      '--image=busybox',
      '--command=echo why >&2; exit 7',
      '--runs=1',
    );
    expect(bad.code).toBe(1);
    expect(bad.stderr).not.toMatch(/^strata: /m);
    expect(bad.stdout).toMatch(/overlay failed: .*status 7: why/);
    expect(leftovers()).toEqual([]);
  });

  it('keeps what it has measured on Ctrl-C, and leaves nothing', async () => {
    const child = spawn(
      binary,
      [
        'bench',
        '--backing',
        files,
        '--storage=overlay,vfs',
        '--workload=small-files,large-file,storm',
        '--runs=8',
        `--json=${files}/cut.json`,
      ],
      { env: { ...process.env, ...place.home.env, TMPDIR: files }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const ended = new Promise<number | null>((done) => child.on('close', done));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    // The first workload is done, the second has begun.
    while (!said.includes('Create many') && child.exitCode === null) await sleep(50);
    await sleep(300);
    expect(said).not.toMatch(/^strata: /m);
    child.kill('SIGINT');
    // timeout(1) and terminals do it twice. Of two at the same moment, which comes first is the kernel's choice.
    await sleep(100);
    child.kill('SIGTERM');
    expect(await ended).toBe(130);
    const report = json('cut.json');
    expect(report.partial).toMatch(/interrupted/);
    expect(report.workloads[0]!.metrics[0]!.measured[0]!.samples).toHaveLength(8);
    expect(report.workloads.length).toBeLessThan(3);
    expect(leftovers()).toEqual([]);
  });

  const tags = new Set<string>();
  /** Processes, bridges, namespaces and cgroups of benches; bridges also of others. */
  function running(): string[] {
    const names = (path: string): string[] =>
      statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path) : [];
    const marked = (pid: string): boolean =>
      /^\d+$/.test(pid) && commandOf(pid).includes(MARK) && !commandOf(pid).includes('bench');
    const cgroups = (top: string): string[] => names(top).filter((name) => /^[0-9a-f]{64}$/.test(name));
    // By the directories of benches here: other tests make as many cgroups. A bench that took one down deleted its directory.
    for (const place of readdirSync(files, { recursive: true, encoding: 'utf8' }))
      if (/^strata-bench-.*\/run$/.test(place)) tags.add(storeTag(join(files, place)));
    const subtrees = ['/sys/fs/cgroup/pids/strata', '/sys/fs/cgroup/strata'].flatMap((top) =>
      [...tags].map((tag) => join(top, `s-${tag}`)),
    );
    return [
      ...names('/proc').filter(marked),
      ...names('/sys/class/net').filter((name) => name.startsWith('sb-')),
      ...names('/run/netns').filter((name) => name.startsWith('strata-bench-')),
      // A bench makes twenty.
      ...subtrees.map(cgroups).flatMap((found) => (found.length >= 20 ? found : [])),
    ];
  }

  it.each([
    ['a container on a network', ['--storage=overlay', '--image=busybox', `--command=sleep ${MARK}`]],
    ['a bench of networks', ['network', '--driver=bridge', '--runs=1000', '--workload=throughput,attach']],
    ['a bench of cgroups', ['cgroup', '--runs=1000', '--workload=use']],
  ])('the next one takes down %s that was killed', async (_, args) => {
    const before = running();
    const [kind] = args as [string];
    const where = kind.startsWith('--') ? ['--backing', files] : [];
    const child = spawn(binary, ['bench', ...args, ...where], {
      env: { ...process.env, ...place.home.env, TMPDIR: files },
      stdio: 'ignore',
    });
    const ended = new Promise((done) => child.on('close', done));
    const made = () => running().filter((name) => !before.includes(name));
    await expect.poll(made, { timeout: 30_000 }).not.toEqual([]);
    await sleep(500);
    child.kill('SIGKILL');
    await ended;
    const left = made();
    expect(left).not.toEqual([]);
    expect(leftovers()).not.toEqual([]);
    await bench('--storage=overlay', '--workload=remove', '--runs=1');
    await expect.poll(() => left.filter((name) => running().includes(name))).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  it('measures cgroup drivers', async () => {
    const { code, stdout } = await place.home.strata(['bench', 'cgroup', '--runs=3', '--json=-'], {
      env: { TMPDIR: files },
    });
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report.kind).toBe('cgroup');
    expect(report.workloads.map(({ id }) => id)).toEqual(['lifecycle', 'use']);
    expect(
      report.workloads.flatMap(({ notMeasured }) => notMeasured.map(({ reason }) => reason)),
    ).not.toContain('failed');
  });

  it.each([
    [['--storage=nope'], 'DRIVER_UNKNOWN'],
    [['--workload=nope'], 'BENCH_WORKLOAD_UNKNOWN'],
    [['--runs=0'], 'between 1 and 1000'],
    [['--storage=overlay,,vfs'], 'separated by commas'],
    [['--baseline=/nowhere.json'], 'BENCH_BASELINE'],
    [['--fail-on-regression'], 'needs --baseline'],
    [['--synthetic', '--image=busybox'], 'exclude each other'],
    [['--command=true'], '--command needs --image'],
    [['network', '--image=busybox'], 'does not belong to a bench of network drivers'],
    [['sound'], 'no bench of "sound"'],
    [['--html=/nowhere/x.html'], 'nowhere'],
    [['--html=/tmp'], 'it is a directory'],
    [['--json=/proc/x.json'], '/proc/x.json'],
    [['--json=-', '--markdown=-'], 'standard output can take one report only'],
    [['--backing='], 'a directory, "loop" or "memory" is needed'],
    [['--cold'], '--cold needs --backing=DIR'],
    [['--network=none'], '--network is for the container of --command'],
    [['--baseline=/tmp'], '/tmp is a directory'],
    [['--image=localhost:1/nope', '--workload=small-files,start'], 'localhost:1'],
  ])('refuses %j in one sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await place.home.strata(['bench', ...args], { env: { TMPDIR: files } });
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(leftovers()).toEqual([]);
  });
});
