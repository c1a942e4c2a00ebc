import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

const strata = join(import.meta.dirname, '../../packages/cli/bin/strata');
const soon = { timeout: 60_000, interval: 300 };

let place: Stage;
beforeAll(async () => {
  place = await stage({ busybox: true });
});
afterAll(async () => place?.[Symbol.asyncDispose]());

const ok = (...args: string[]) => place.home.ok(...args);

it('a container that fails is started again by its monitor, as often as it was told', async () => {
  await ok(
    'run',
    '-d',
    '--name',
    'flaky',
    '--restart',
    'on-failure:2',
    'busybox',
    'sh',
    '-c',
    'echo try; exit 3',
  );
  const state = '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}';
  await expect.poll(() => ok('inspect', '-f', state, 'flaky'), soon).toBe('exited 3 2');
  expect(await ok('logs', 'flaky')).toBe('try\ntry\ntry');
  await ok('rm', 'flaky');
});

it('with --rm it is removed at its end though its client was killed', async () => {
  const args = ['run', '--rm', '--name', 'left', 'busybox', 'sh', '-c', 'echo up; sleep 2'];
  const client = spawn(strata, args, {
    env: { ...process.env, ...place.home.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => client.stdout.once('data', resolve));
  client.kill('SIGKILL');
  expect(await ok('ps', '-q', '--filter', 'name=left')).not.toBe('');
  await expect.poll(() => ok('ps', '-aq', '--filter', 'name=left'), soon).toBe('');
  expect(place.home.traces()).toMatchObject({ mounts: [], cgroups: [], processes: [], containers: [] });
});

it('a log with a limit is rotated while nobody looks, keeps the newest files and ends its keeper', async () => {
  const limits = ['--log-opt', 'max-size=64k', '--log-opt', 'max-file=3'];
  const script =
    'i=0; while [ $i -lt 6000 ]; do echo line $i; i=$((i+1)); [ $((i % 1000)) = 0 ] && sleep 1; done';
  await ok('run', '-d', '--name', 'chatty', ...limits, 'busybox', 'sh', '-c', `${script}; true`);
  await ok('wait', 'chatty');
  const lines = (await ok('logs', 'chatty')).split('\n');
  expect(lines.at(-1)).toBe('line 5999');
  expect(lines.length).toBeLessThan(6000);
  expect(lines).toEqual(lines.map((_, n) => `line ${6000 - lines.length + n}`));
  await ok('rm', 'chatty');
  await expect.poll(() => place.home.traces().processes, soon).toEqual([]);
});
