import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

const strata = join(import.meta.dirname, '../../packages/cli/bin/strata');
const soon = { timeout: 60_000, interval: 200 };

let place: Stage;
beforeAll(async () => {
  place = await stage({ busybox: true });
});
afterAll(async () => place?.[Symbol.asyncDispose]());

const ok = (...args: string[]) => place.home.ok(...args);
const statusOf = (name: string) => ok('ps', '--filter', `name=^${name}$`, '--format', '{{.Status}}');
const health = (name: string, field = '.Status') => ok('inspect', '-f', `{{.State.Health${field}}}`, name);

/** Processes of this store whose command line has the word. */
function processes(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.includes(word) && words.some((text) => text.startsWith(place.home.root));
      } catch {
        return false;
      }
    });
}

/** Whatever is in the container, by the host's eyes. */
async function programs(name: string): Promise<string[]> {
  const [, ...lines] = (await ok('top', name, '-o', 'pid,args')).split('\n');
  return lines.map((line) => line.trim().replace(/^\d+\s+/, ''));
}

it('shows and tells of health as docker does, and leaves nothing behind', async () => {
  const check = ['--health-cmd', 'cat /well', '--health-interval', '300ms', '--health-retries', '2'];
  await ok('run', '-d', '--name', 'web', ...check, 'busybox', 'sleep', '600');
  expect(await statusOf('web')).toMatch(/^Up .* \(health: starting\)$/);
  await expect.poll(() => statusOf('web'), soon).toMatch(/^Up .* \(unhealthy\)$/);
  expect(await ok('ps', '--filter', 'health=unhealthy', '--format', '{{.Names}}')).toBe('web');
  expect(await health('web', '.FailingStreak')).toMatch(/^[2-9]$/);
  await ok('exec', 'web', 'sh', '-c', 'echo fine > /well');
  await expect.poll(() => statusOf('web'), soon).toMatch(/^Up .* \(healthy\)$/);
  expect(await ok('ps', '--filter', 'health=healthy', '--format', '{{.Names}}')).toBe('web');
  const log = JSON.parse(await ok('inspect', '-f', '{{json .State.Health.Log}}', 'web')) as object[];
  expect(log.length).toBeLessThanOrEqual(5);
  expect(log.at(-1)).toMatchObject({ ExitCode: 0, Output: 'fine\n' });
  const told = await ok('events', '--since', '5m', '--until', '0s', '--filter', 'event=health_status');
  expect(told.match(/health_status: \w+/g)).toEqual(['health_status: unhealthy', 'health_status: healthy']);
  expect(await ok('inspect', '-f', '{{json .Config.Healthcheck}}', 'web')).toBe(
    '{"Test":["CMD-SHELL","cat /well"],"Interval":300000000,"Retries":2}',
  );
  await ok('rm', '-f', 'web');
  await expect.poll(() => place.home.traces().processes, soon).toEqual([]);
});

it("an image's HEALTHCHECK comes by commit, and can be replaced in part or switched off", async () => {
  await ok('create', '--name', 'base', 'busybox', 'sleep', '600');
  const change = 'HEALTHCHECK --interval=2s --retries=7 CMD ["true"]';
  await ok('commit', '--change', change, 'base', 'checked');
  const config = ['-f', '{{json .Config.Healthcheck}}'];
  const written = '{"Interval":2000000000,"Retries":7,"Test":["CMD","true"]}';
  expect(JSON.parse(await ok('inspect', ...config, 'checked'))).toEqual(JSON.parse(written));
  await ok('run', '-d', '--name', 'part', '--health-interval', '200ms', 'checked');
  await expect.poll(() => health('part'), soon).toBe('healthy');
  await ok('commit', 'part', 'again');
  expect(
    await ok('inspect', '-f', '{{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Retries}}', 'again'),
  ).toBe('200000000 7');
  await ok('run', '-d', '--name', 'off', '--no-healthcheck', 'checked');
  expect(await statusOf('off')).toMatch(/^Up [^(]*$/);
  expect(await ok('ps', '--filter', 'health=none', '--format', '{{.Names}}')).toBe('off');
  const both = await place.home.strata(['run', '--no-healthcheck', '--health-cmd', 'x', 'busybox']);
  expect(both).toMatchObject({ code: 125, stderr: expect.stringContaining('conflicts') });
  const wrong = await place.home.strata(['run', '--health-cmd', 'x', '--health-timeout', '-1s', 'busybox']);
  expect(wrong).toMatchObject({ code: 125, stderr: expect.stringContaining('from a millisecond') });
  await ok('rm', '-f', 'base', 'part', 'off');
});

it('a killed keeper leaves no lie and no probe: the next who looks starts another', async () => {
  const check = 'test -e /hang && { touch /hung; sleep 4321; }; true';
  const flags = ['--health-interval', '200ms', '--health-timeout', '10m'];
  await ok('run', '-d', '--name', 'kept', '--health-cmd', check, ...flags, 'busybox', 'sleep', '600');
  await expect.poll(() => health('kept'), soon).toBe('healthy');
  await ok('exec', 'kept', 'touch', '/hang');
  await expect.poll(() => programs('kept'), soon).toContain('sleep 4321');
  await ok('exec', 'kept', 'rm', '/hang');
  const [keeper] = processes('keep');
  process.kill(keeper!, 'SIGKILL');
  await expect.poll(() => processes('keep').includes(keeper!), soon).toBe(false);
  // Nobody knows how it is now, and asking is enough for somebody to find out.
  expect(await statusOf('kept')).toMatch(/\(health: starting\)$/);
  await expect.poll(() => statusOf('kept'), soon).toMatch(/\(healthy\)$/);
  expect(await programs('kept')).not.toContain('sleep 4321');
  expect(processes('keep')).not.toContain(keeper);
  // The start of the system looks as well.
  process.kill(processes('keep')[0]!, 'SIGKILL');
  await expect.poll(() => processes('keep'), soon).toEqual([]);
  await ok('system', 'start');
  await expect.poll(() => health('kept'), soon).toBe('healthy');
  const id = await ok('inspect', '-f', '{{.Id}}', 'kept');
  await ok('stop', '-t', '0', 'kept');
  expect(existsSync(join(place.home.run, 'containers', id))).toBe(false);
  expect(await health('kept')).toBe('unhealthy');
  await ok('rm', 'kept');
  await expect.poll(() => place.home.traces().processes, soon).toEqual([]);
});

it('an out-of-memory kill is told when it happens, not only at the end', async () => {
  const child = spawn(
    strata,
    ['events', '--filter', 'event=oom', '--format', '{{.Action}} {{.Actor.Attributes.name}}'],
    {
      env: { ...process.env, ...place.home.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  try {
    await ok('run', '-d', '--name', 'hog', '-m', '16m', 'busybox', 'sh', '-c', 'tail /dev/zero; sleep 600');
    await expect.poll(() => told, soon).toBe('oom hog\n');
    expect(await ok('inspect', '-f', '{{.State.Status}} {{.State.OOMKilled}}', 'hog')).toBe('running true');
  } finally {
    child.kill('SIGTERM');
  }
  await ok('rm', '-f', 'hog');
  const all = await ok('events', '--since', '5m', '--until', '0s', '--filter', 'event=oom');
  expect(all.split('\n')).toHaveLength(1);
});
