import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
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

it('update --restart holds from the next end on, however it was started', async () => {
  const state = '{{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{.RestartCount}}';
  const loop = ['busybox', 'sh', '-c', 'echo up; sleep 600'];
  const processOf = (name: string) => ok('inspect', '-f', '{{.State.Pid}}', name);
  await ok('run', '-d', '--name', 'late', ...loop);
  const client = spawn(strata, ['run', '--name', 'watched', ...loop], {
    env: { ...process.env, ...place.home.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => client.stdout.once('data', resolve));
  expect(await ok('update', '--restart', 'on-failure:5', 'late', 'watched')).toBe('late\nwatched');
  for (const name of ['late', 'watched']) {
    expect(await ok('inspect', '-f', state, name)).toBe('running on-failure 0');
    process.kill(Number(await processOf(name)), 'SIGKILL');
    await expect.poll(() => ok('inspect', '-f', state, name), soon).toBe('running on-failure 1');
    await ok('update', '--restart', 'no', name);
    process.kill(Number(await processOf(name)), 'SIGKILL');
    await expect.poll(() => ok('inspect', '-f', state, name), soon).toBe('exited no 1');
  }
  await ok('rm', 'late', 'watched');
});

it('update --restart no gives up a container that waits for its next start; --rm excludes others', async () => {
  await ok('run', '-d', '--name', 'again', '--restart', 'always', 'busybox', 'false');
  const state = () => ok('inspect', '-f', '{{.State.Status}}', 'again');
  await expect
    .poll(async () => Number(await ok('inspect', '-f', '{{.RestartCount}}', 'again')), soon)
    .toBeGreaterThan(3);
  await ok('update', '--restart', 'no', 'again');
  await expect.poll(state, soon).toBe('exited');
  await ok('rm', 'again');
  await ok('run', '-d', '--rm', '--name', 'once', 'busybox', 'sleep', '600');
  const refused = await place.home.strata(['update', '--restart', 'always', 'once']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('RESTART_OF_REMOVED') });
  await ok('rm', '-f', 'once');
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

it('a log that is written as fast as can be stays near its limit', async () => {
  await ok(
    'run',
    '-d',
    '--name',
    'flood',
    '--log-opt',
    'max-size=1m',
    '--log-opt',
    'max-file=2',
    'busybox',
    'yes',
  );
  const directory = join(place.home.root, 'containers', await ok('inspect', '-f', '{{.Id}}', 'flood'));
  const bytes = () => {
    const logs = readdirSync(directory).filter((name) => name.startsWith('container.log'));
    return logs.reduce(
      (sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  };
  const twoFiles = 2 * 2 ** 20;
  // What was written before the keeper began to look is gone with the second rotation.
  await expect.poll(bytes, soon).toBeGreaterThan(twoFiles);
  const seen: number[] = [];
  for (let times = 0; times < 40; times++) {
    seen.push(bytes());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await ok('rm', '-f', 'flood');
  expect(seen.sort((a, b) => a - b)[20]).toBeLessThan(10 * twoFiles);
});
