/** `--storage-opt size=…`: the container meets its limit, nobody else does, and it goes with the container. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
  const limits = () => execFileSync('btrfs', ['qgroup', 'show', '-e', pool], { encoding: 'utf8' });
  expect(limits()).toContain('50.00MiB');
  await home.ok('rm', 'small');
  execFileSync('btrfs', ['subvolume', 'sync', pool]);
  expect(limits()).not.toContain('50.00MiB');
});

it('refuses where nothing can keep the limit, naming what can, before anything is made', async () => {
  const { home } = place;
  const args = ['create', '--storage-opt', 'size=50M', '--storage=vfs', 'busybox:latest'];
  const { code, stderr } = await home.strata(args);
  expect(stderr).toMatch(/vfs cannot limit the size.*\nhint: .*--storage=btrfs.*prjquota/);
  expect(code).toBeGreaterThan(0);
  expect(await home.ok('ps', '-aq')).toBe('');
});

it.each([
  ['size=tiny', /at least 1m/],
  ['size=1k', /at least 1m/],
  ['inodes=5', /unknown storage option "inodes"/],
])('refuses --storage-opt %s', async (option, said) => {
  const { code, stderr } = await place.home.strata(['create', '--storage-opt', option, 'busybox:latest']);
  expect(stderr).toMatch(said);
  expect(code).toBe(125);
});
