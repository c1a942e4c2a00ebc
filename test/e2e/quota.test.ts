/** `--storage-opt size=…`: the container meets its limit, nobody else does, and it goes with the container. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gib, type Stage, stage } from './setup.ts';

let place: Stage;
beforeAll(async () => {
  place = await stage({ btrfs: true, busybox: true, size: 4 * gib });
});
afterAll(() => place?.[Symbol.asyncDispose]());

const MIB = 1024 ** 2;
const fill = (mebibytes: number) => `dd if=/dev/urandom of=/fill bs=1M count=${mebibytes}; stat -c %s /fill`;
const limited = ['--storage=btrfs', '--storage-opt', 'size=50M'];

it('stops a container at 50 MB on btrfs, and only that one', async () => {
  const { home } = place;
  const { code, stdout, stderr } = await home.strata([
    'run',
    '--name',
    'small',
    ...limited,
    'busybox:latest',
    'sh',
    '-c',
    fill(100),
  ]);
  expect(stderr).toMatch(/quota exceeded/i);
  expect(code).toBe(0);
  const size = Number(stdout.trim().split('\n').at(-1));
  expect(size).toBeGreaterThan(45 * MIB);
  expect(size).toBeLessThanOrEqual(50 * MIB);
  const free = await home.ok('run', '--rm', '--storage=btrfs', 'busybox:latest', 'sh', '-c', fill(100));
  expect(Number(free.split('\n').at(-1))).toBe(100 * MIB);
});

it('shows the limit, and what is used of it', async () => {
  const { home } = place;
  const shown = await home.ok('inspect', '--format', '{{json .HostConfig.StorageOpt}}', 'small');
  expect(JSON.parse(shown)).toEqual({ size: String(50 * MIB) });
  expect(await home.ok('ps', '-a', '--size', '--format', '{{.Size}}')).toMatch(/^(4\d|5\d)(\.\d+)?MB/);
});

it('keeps the limit over a restart, and takes it away with the container', async () => {
  const { home } = place;
  const again = await home.strata(['start', '-a', 'small']);
  expect(again.stderr).toMatch(/quota exceeded/i);
  const pool = join(home.root, 'layers/btrfs');
  const limits = () => execFileSync('btrfs', ['qgroup', 'show', '-re', pool], { encoding: 'utf8' });
  expect(limits()).toContain('50.00MiB');
  await home.ok('rm', 'small');
  execFileSync('btrfs', ['filesystem', 'sync', pool]); // wakes the cleaner
  execFileSync('btrfs', ['subvolume', 'sync', pool]);
  // The kernel drops the group after the subvolume, in a transaction of its own.
  await expect.poll(limits).not.toContain('50.00MiB');
});

it('refuses where nothing can keep the limit, naming what can, before anything is made', async () => {
  const { home } = place;
  const args = ['create', '--storage-opt', 'size=50M', '--storage=vfs', 'busybox:latest'];
  const { code, stderr } = await home.strata(args);
  expect(stderr).toMatch(/vfs cannot limit the size.*\nhint: .*--storage=btrfs.*prjquota.*backing=loop/);
  expect(code).toBeGreaterThan(0);
  expect(await home.ok('ps', '-aq')).toBe('');
});

it.each([
  ['size=tiny', /at least 1m/],
  ['size=1k', /at least 1m/],
  ['inodes=5', /unknown storage option "inodes"/],
  ['backing=loop', /backing needs a size.*\nhint: .*size=10G,backing=loop/],
  ['size=50M,backing=ram', /the only backing is loop/],
  ['size=2M,backing=loop', /at least 16 MiB/],
])('refuses --storage-opt %s', async (option, said) => {
  const { code, stderr } = await place.home.strata([
    ...['create', '--storage=overlay', '--storage-opt', option, 'busybox:latest'],
  ]);
  expect(stderr).toMatch(said);
  expect(code).toBeGreaterThan(0);
});

const backed = ['--storage=overlay', '--storage-opt', 'size=50M,backing=loop'];
const ours = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(place.home.root));

describe('a container in a file of its own', () => {
  it('stops at its size, on a filesystem without quotas, and keeps it over a restart', async () => {
    const { home } = place;
    const args = ['run', '--name', 'boxed', ...backed, 'busybox:latest', 'sh', '-c', fill(100)];
    const { stderr, stdout } = await home.strata(args);
    expect(stderr).toMatch(/no space left/i);
    const size = Number(stdout.trim().split('\n').at(-1));
    expect(size).toBeGreaterThan(40 * MIB);
    expect(size).toBeLessThan(50 * MIB);
    expect((await home.strata(['start', '-a', 'boxed'])).stderr).toMatch(/no space left/i);
    const shown = await home.ok('inspect', '--format', '{{json .HostConfig.StorageOpt}}', 'boxed');
    expect(JSON.parse(shown)).toEqual({ size: String(50 * MIB), backing: 'loop' });
    expect(await home.ok('ps', '-a', '--size', '--format', '{{.Size}}')).toMatch(/^(4\d|5\d)(\.\d+)?MB/);
    const df = await home.ok('system', 'df', '--format', '{{.Type}} {{.Size}}');
    expect(df).toMatch(/^Containers (4\d|5\d)(\.\d+)?MB/m);
  });

  it('is copied from, compared, committed, exported and moved like any other', async () => {
    const { home } = place;
    const script = 'echo new > /new; rm /bin/vi; sleep 600';
    const running = ['run', '-d', '--name', 'busy', ...backed, 'busybox:latest', 'sh', '-c', script];
    await home.ok(...running);
    const changed = () => home.ok('diff', 'busy');
    await expect.poll(changed).toMatch(/D \/bin\/vi/);
    expect(await changed()).toMatch(/A \/new/);
    await home.ok('commit', 'busy', 'committed');
    expect(await home.ok('run', '--rm', '--storage=overlay', 'committed', 'cat', '/new')).toBe('new');
    await home.ok('rm', '-f', 'busy');
    const copy = join(place.filesystem.directory, 'copy');
    await home.ok('cp', 'boxed:/etc/passwd', copy);
    expect(readFileSync(copy, 'utf8')).toMatch(/^root:/);
    expect(ours('/proc/self/mounts').filter((line) => line.includes('/rootfs'))).toEqual([]);
    await home.ok('migrate', '--to=btrfs', 'boxed');
    const moved = await home.ok('inspect', '--format', '{{json .HostConfig.StorageOpt}}', 'boxed');
    expect(JSON.parse(moved)).toEqual({ size: String(50 * MIB) });
    await home.ok('migrate', '--to=vfs', 'boxed').then(
      () => expect.unreachable('vfs keeps no limit'),
      (error: unknown) => expect(String(error)).toMatch(/vfs cannot limit/),
    );
  });

  it('is gone with the container, also when it was killed', async () => {
    const { home } = place;
    await home.ok('run', '-d', '--name', 'killed', ...backed, 'busybox:latest', 'sleep', '600');
    const id = await home.ok('inspect', '--format', '{{.Id}}', 'killed');
    const pid = Number(await home.ok('inspect', '--format', '{{.State.Pid}}', 'killed'));
    process.kill(pid, 'SIGKILL');
    await home.ok('rm', '-f', 'killed', 'boxed');
    expect(ours('/proc/self/mounts').filter((line) => line.includes(id))).toEqual([]);
    const files = () =>
      execFileSync('losetup', ['--list', '--noheadings', '-O', 'BACK-FILE'], { encoding: 'utf8' });
    await expect.poll(files).not.toContain(join(home.root, 'layers/overlay'));
    expect(await home.ok('check')).toBe('The store is clean');
  });

  it('is not what btrfs does', async () => {
    const args = ['create', '--storage=btrfs', '--storage-opt', 'size=50M,backing=loop', 'busybox:latest'];
    const { code, stderr } = await place.home.strata(args);
    expect(stderr).toMatch(/btrfs does not keep containers in files.*\nhint: Leave backing=loop out/);
    expect(code).toBe(1);
  });
});

describe('a limit of the configuration', () => {
  const configured = async (text: string, ...args: string[]) => {
    const file = join(place.filesystem.directory, 'config.toml');
    writeFileSync(file, text);
    return await place.home.strata(['--config', file, ...args]);
  };
  const limitOf = async (text: string, ...args: string[]) => {
    const created = await configured(text, 'create', '--storage=overlay', ...args, 'busybox:latest');
    expect(created.stderr).toBe('');
    const id = created.stdout.trim();
    const shown = await place.home.ok('inspect', '--format', '{{json .HostConfig.StorageOpt}}', id);
    await place.home.ok('rm', id);
    return JSON.parse(shown) as unknown;
  };

  it('holds for containers made without one, and gives way', async () => {
    const both = '[storage-opt]\nsize = "64M"\nbacking = "loop"\n';
    expect(await limitOf(both)).toEqual({ size: String(64 * MIB), backing: 'loop' });
    expect(await limitOf(both, '--storage-opt', 'size=32M,backing=loop')).toEqual({
      size: String(32 * MIB),
      backing: 'loop',
    });
    expect(await limitOf(both, '--storage-opt', 'size=0')).toBeNull();
  });

  it('is refused where it cannot be kept, saying who asked for it', async () => {
    const args = ['create', '--storage=overlay', 'busybox:latest'];
    const { code, stderr } = await configured('[storage-opt]\nsize = "64M"\n', ...args);
    expect(stderr).toMatch(
      /overlay cannot limit the size.*\nhint: The configuration asks.*size=0.*backing=loop/,
    );
    expect(code).toBe(1);
    expect(await place.home.ok('ps', '-aq')).toBe('');
  });
});
