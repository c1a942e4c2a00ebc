import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { skipped } from '@strata/test-fixtures';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { CreateRequest } from '../../src/api/containers.ts';
import { cgroupOf } from '../../src/containers/state/journal.ts';
import { type Fixture, openFixture } from './fixture.ts';

interface HealthShape {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly { readonly ExitCode: number; readonly Output: string }[];
}

const soon = { timeout: 30_000, interval: 50 };
let fixture: Fixture;
let keeper: Promise<void> | undefined;

beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture[Symbol.asyncDispose]());
afterEach(async () => {
  for (const { id } of await fixture.api.list({ all: true })) await fixture.api.remove(id, { force: true });
  await keeper;
  keeper = undefined;
  await expect.poll(() => fixture.leaks()).toEqual([]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(`${fixture.root}/containers`);
});

/** The keeper runs in this process. */
async function run(
  check: NonNullable<CreateRequest['healthcheck']>,
  more: Partial<CreateRequest> = {},
): Promise<string> {
  const session = await fixture.api.run({
    image: 'busybox',
    command: ['sleep', '100'],
    detach: true,
    healthcheck: { interval: 100, ...check },
    ...more,
  });
  await session[Symbol.asyncDispose]();
  keeper ??= fixture.api.keep();
  return session.containerId;
}

const shell = (line: string) => ['CMD-SHELL', line];

async function health(id: string): Promise<HealthShape> {
  const { State } = (await fixture.api.inspect(id)) as unknown as { State: { Health: HealthShape } };
  return State.Health;
}

const status = async (id: string) => (await health(id)).Status;

function events(id: string): string[] {
  const rows = fixture.services.database.all(
    "SELECT action FROM events WHERE subject = ? AND (action LIKE 'health%' OR action LIKE 'exec%') ORDER BY seq",
    id,
  );
  return rows.map(({ action }) => String(action));
}

it('goes from starting to unhealthy and back, and tells', async () => {
  const id = await run({ test: shell('echo seen; test -e /well'), retries: 2 });
  expect(await status(id)).toBe('starting');
  await expect.poll(() => status(id), soon).toBe('unhealthy');
  expect((await health(id)).Log.at(-1)).toMatchObject({ ExitCode: 1, Output: 'seen\n' });
  expect(await fixture.api.list({ health: ['unhealthy'] })).toMatchObject([{ id, health: 'unhealthy' }]);
  expect(await fixture.api.list({ health: ['healthy', 'none'] })).toEqual([]);
  const session = await fixture.api.exec({ container: id, command: ['touch', '/well'] });
  expect((await session.wait()).code).toBe(0);
  await session[Symbol.asyncDispose]();
  await expect.poll(() => status(id), soon).toBe('healthy');
  expect(await health(id)).toMatchObject({ FailingStreak: 0 });
  expect(events(id).filter((action) => action.startsWith('health'))).toEqual([
    'health_status: unhealthy',
    'health_status: healthy',
  ]);
  // The probes themselves are no events: only the exec above is.
  expect(events(id).filter((action) => action.startsWith('exec_start'))).toHaveLength(1);
});

it('a probe that hangs is killed with all it began, and what it printed is kept', async () => {
  const id = await run({
    test: shell('yes | head -c 10000; (busybox setsid sleep 4321; true) & sleep 1234'),
    timeout: 2000,
    interval: 2000,
    retries: 1,
  });
  await expect.poll(() => status(id), soon).toBe('unhealthy');
  const { Log } = await health(id);
  expect(Log[0]).toMatchObject({ ExitCode: -1 });
  expect(Log[0]?.Output).toMatch(/^Health check exceeded timeout \(2s\): y\ny\n/);
  expect(Log[0]?.Output.length).toBeLessThan(4200);
  const ref = cgroupOf(fixture.services.database, id)!;
  const members = await (await fixture.services.cgroup()).processes(ref);
  expect(members).toHaveLength(1);
});

it('a probe that is killed while it starts is a failure, and neither keeper nor container comes to harm', async () => {
  const ids = await Promise.all(
    [1, 30, 60, 90, 120].map((timeout) =>
      run({ test: shell('(sleep 5 &); sleep 5'), timeout, interval: 1, retries: 1 }),
    ),
  );
  for (const id of ids)
    await expect.poll(async () => (await health(id)).FailingStreak, soon).toBeGreaterThan(4);
  expect((await fixture.api.list()).map(({ status: state }) => state)).toEqual(ids.map(() => 'running'));
});

it('a command that is not there is a failure', async () => {
  const id = await run({ test: ['CMD', '/no/such/thing'], retries: 1 });
  await expect.poll(() => status(id), soon).toBe('unhealthy');
  expect((await health(id)).Log[0]).toMatchObject({ ExitCode: -1, Output: expect.stringContaining('such') });
});

it('failures in the start period do not count, and probes come at its own interval', async () => {
  const id = await run({
    test: ['CMD', 'false'],
    retries: 1,
    interval: 60_000,
    startPeriod: 60_000,
    startInterval: 100,
  });
  await expect.poll(async () => (await health(id)).Log.length, soon).toBeGreaterThan(2);
  expect(await health(id)).toMatchObject({ Status: 'starting', FailingStreak: 0 });
});

it('a paused container is not probed, and keeps its state', async () => {
  const id = await run({ test: shell('echo x >>/probes') });
  await expect.poll(() => status(id), soon).toBe('healthy');
  await fixture.api.pause(id);
  const last = async () => (await health(id)).Log.at(-1);
  // One that was running stands still with the container; one that had ended is still to be recorded.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await last();
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await last()).toEqual(before);
  expect(await status(id)).toBe('healthy');
  await fixture.api.unpause(id);
  await expect.poll(last, soon).not.toEqual(before);
});

it('a probe that hangs in a container that stops ends with it, and is no result', async () => {
  const id = await run({ test: ['CMD', 'sleep', '1234'], timeout: 60_000 });
  const ref = cgroupOf(fixture.services.database, id)!;
  const cgroup = await fixture.services.cgroup();
  await expect.poll(async () => (await cgroup.processes(ref)).length, soon).toBe(2);
  await fixture.api.stop(id, { timeout: 0 });
  expect(existsSync(fixture.services.paths.containerRun(id))).toBe(false);
  expect(await health(id)).toMatchObject({ Status: 'unhealthy', FailingStreak: 0, Log: [] });
  // The next run begins anew.
  await (await fixture.api.start(id))[Symbol.asyncDispose]();
  keeper = keeper?.then(() => fixture.api.keep());
  expect(await status(id)).toBe('starting');
});

it('a probe killed by the end of the container is no result, however long that end takes', async (context) => {
  const freezer = '/sys/fs/cgroup/freezer';
  if (!existsSync(freezer))
    return skipped(context, 'only a freezer of cgroup v1 holds a process that is to die');
  const id = await run({ test: ['CMD', 'sleep', '1234'], timeout: 60_000 });
  const ref = cgroupOf(fixture.services.database, id)!;
  const cgroup = await fixture.services.cgroup();
  await expect.poll(async () => (await cgroup.processes(ref)).length, soon).toBe(2);
  const held = await fixture.api.exec({ container: id, command: ['sleep', '1235'] });
  const commandOf = (pid: number) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  const found = async (command: string) =>
    (await cgroup.processes(ref)).find((pid) => commandOf(pid) === command)!;
  await expect.poll(() => found('sleep 1235'), soon).toBeTypeOf('number');
  const frozen = join(freezer, ref.path!, 'frozen');
  mkdirSync(frozen);
  try {
    const [init, probe, pid] = [
      await found('sleep 100'),
      await found('sleep 1234'),
      await found('sleep 1235'),
    ];
    writeFileSync(join(frozen, 'cgroup.procs'), String(pid));
    writeFileSync(join(frozen, 'freezer.state'), 'FROZEN');
    process.kill(init, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${probe}`), soon).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(readFileSync(`/proc/${init}/stat`, 'latin1')).not.toContain(') Z ');
    expect(await health(id)).toMatchObject({ FailingStreak: 0, Log: [] });
  } finally {
    writeFileSync(join(frozen, 'freezer.state'), 'THAWED');
  }
  await held.wait();
  await held[Symbol.asyncDispose]();
});

it('no health without a check: of the image, or switched off', async () => {
  await fixture.image('checked', undefined, { healthcheck: { Test: ['CMD', 'true'], Interval: 1 } });
  const created = await fixture.api.create({
    image: 'checked',
    command: ['true'],
    healthcheck: { test: ['NONE'] },
  });
  const inspected = await fixture.api.inspect(created.id);
  expect(inspected).toMatchObject({ Config: { Healthcheck: { Test: ['NONE'] } } });
  expect(inspected['State']).not.toHaveProperty('Health');
  const kept = await fixture.api.create({ image: 'checked', command: ['true'] });
  expect(kept.warnings).toHaveLength(1);
  expect(await fixture.api.inspect(kept.id)).toMatchObject({
    Config: { Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 } },
  });
  await fixture.services.layers
    .open('overlay')
    .then((layers) => layers.remove('checked'))
    .catch(() => undefined);
});

it('another keeper takes over: what hung is ended, and health is unknown until it has looked', async () => {
  const id = await run({ test: shell('test -e /slow && sleep 1234; true') });
  await expect.poll(() => status(id), soon).toBe('healthy');
  const { database, paths } = fixture.services;
  // As a keeper that was killed leaves it: a lease of a dead process.
  database.run("UPDATE health SET lease = '1:1:gone' WHERE container = ?", id);
  expect(await status(id)).toBe('starting');
  expect(await fixture.api.list()).toMatchObject([{ id, health: 'starting', unattended: true }]);
  // Its watch notices that it is not its any more, and begins anew.
  await expect.poll(() => status(id), soon).toBe('healthy');
  expect(existsSync(paths.containerRun(id))).toBe(true);
});
