import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

let place: Stage;
beforeAll(async () => {
  place = await stage({ busybox: true });
});
afterAll(async () => place?.[Symbol.asyncDispose]());

const ok = (...args: string[]) => place.home.ok(...args);

it('a volume from create to prune, as docker has it', async () => {
  expect(await ok('volume', 'create', '--label', 'tier=gold', 'data')).toBe('data');
  await ok('run', '--rm', '-v', 'data:/d', 'busybox', 'sh', '-c', 'echo kept > /d/file');
  expect(
    await ok('run', '--rm', '--mount', 'type=volume,src=data,dst=/m,ro', 'busybox', 'cat', '/m/file'),
  ).toBe('kept');
  expect(await ok('volume', 'ls', '-q', '--filter', 'label=tier=gold')).toBe('data');
  expect(await ok('volume', 'inspect', '-f', '{{.Name}} {{.Driver}} {{.Labels.tier}}', 'data')).toBe(
    'data local gold',
  );
  await ok('create', '--name', 'user', '-v', 'data:/d', '-v', '/anonymous', 'busybox', 'true');
  const refused = await place.home.strata(['volume', 'rm', 'data']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is in use') });
  expect((await ok('volume', 'ls', '-q')).split('\n')).toHaveLength(2);
  expect(await ok('run', '--rm', '--volumes-from', 'user:ro', 'busybox', 'cat', '/d/file')).toBe('kept');
  await ok('rm', '-v', 'user');
  expect(await ok('volume', 'ls', '-q')).toBe('data');
  expect(await ok('volume', 'prune', '-f')).toContain('Total reclaimed space: 0B');
  expect(await ok('volume', 'prune', '-a', '-f')).toContain('data');
  expect(await ok('check')).toContain('clean');
});

it('labels from a file, --shm-size, --sysctl, --device and --stop-timeout reach the container', async () => {
  const folder = join(place.filesystem.directory, 'files');
  mkdirSync(folder);
  writeFileSync(join(folder, 'labels'), '# comment\na=1\nb\n');
  const flags = [`--label-file=${folder}/labels`, '--label=b=2', '--stop-timeout=3', '--shm-size=8m'];
  const own = ['--sysctl=kernel.msgmax=1234', '--device=/dev/loop-control:/dev/control:r'];
  await ok('run', '-d', '--name', 'set', ...flags, ...own, 'busybox', 'sleep', '100');
  expect(
    await ok('inspect', '-f', '{{.Config.Labels.a}} {{.Config.Labels.b}} {{.Config.StopTimeout}}', 'set'),
  ).toBe('1 2 3');
  expect(await ok('exec', 'set', 'cat', '/proc/sys/kernel/msgmax')).toBe('1234');
  expect(await ok('exec', 'set', 'sh', '-c', 'grep /dev/shm /proc/mounts')).toContain('size=8192k');
  await ok('exec', 'set', 'sh', '-c', ': < /dev/control');
  const written = await place.home.strata(['exec', 'set', 'sh', '-c', ': > /dev/control']);
  expect(written.stderr).toMatch(/not permitted/i);
  await ok('rm', '-f', 'set');
});
