import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Fixture, finish, openFixture } from './fixture.ts';

let fixture: Fixture;
const marks = mkdtempSync('/dev/shm/containers-marks-');

beforeAll(async () => {
  fixture = await openFixture();
  // Stands for `strata reap`: leaves a file named after the container.
  Object.assign(fixture.services, { exitCommand: ['/usr/bin/env', '-C', marks, 'touch'] });
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  rmSync(marks, { recursive: true });
});

const run = (detach: boolean) =>
  fixture.api.run({ image: 'busybox', command: ['sh', '-c', 'read x; exit 2'], stdin: true, detach });
const reaped = (id: string) => existsSync(join(marks, id));

it('a client that stays cleans up itself, and the exit command does nothing', async () => {
  const session = await run(false);
  session.streams?.endInput();
  expect((await finish(session)).code).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(reaped(session.containerId)).toBe(false);
  await fixture.api.remove(session.containerId);
});

it('after a client that leaves, and for a detached container, the exit command does it', async () => {
  const left = await run(false);
  await left[Symbol.asyncDispose]();
  await expect.poll(() => reaped(left.containerId)).toBe(true);
  const detached = await run(true);
  // Not through the engine, which would attend.
  await detached.kill(9);
  await expect.poll(() => reaped(detached.containerId)).toBe(true);
  await fixture.api.cleanup();
  for (const id of [left.containerId, detached.containerId]) await fixture.api.remove(id);
  await expect.poll(() => fixture.leaks()).toEqual([]);
});

it.each(['no', 'always'] as const)(
  'whoever ends it attends to it, with the restart policy %s',
  async (name) => {
    const { api } = fixture;
    const started = () =>
      api.run({
        image: 'busybox',
        command: ['sleep', '100'],
        detach: true,
        restart: { name, maximum: 0 },
      });
    const ids: string[] = [];
    for (const end of [
      (id: string) => api.stop(id, { timeout: 0 }),
      (id: string) => api.kill(id, 'KILL'),
      (id: string) => api.remove(id, { force: true }),
    ]) {
      const { containerId } = await started();
      await end(containerId);
      ids.push(containerId);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ids.map(reaped)).toEqual([false, false, false]);
    const statuses = (await api.list({ all: true, ids })).map(({ status }) => status);
    expect(statuses).toEqual(['exited', 'exited']);
    for (const id of ids.slice(0, 2)) await api.remove(id);
    await expect.poll(() => fixture.leaks()).toEqual([]);
  },
);

it('what is removed by force while it runs tells of its end', async () => {
  const { services, api } = fixture;
  const { containerId: id } = await api.run({ image: 'busybox', command: ['sleep', '100'], detach: true });
  await api.pause(id);
  await api.remove(id, { force: true });
  const rows = services.database.all('SELECT action, attributes FROM events WHERE subject = ?', id);
  expect(rows.map(({ action }) => action).slice(-3)).toEqual(['kill', 'die', 'destroy']);
  expect(JSON.parse(String(rows.at(-2)!.attributes))).toMatchObject({ exitCode: '137' });
});

it('a container whose client died before it began is found out and taken down', async () => {
  const { services, api } = fixture;
  const runtime = await services.drivers.get('runtime', 'oci');
  const start = runtime.start;
  runtime.start = async () => undefined;
  const half: string[] = [];
  for (const autoRemove of [true, false]) {
    const session = await api.run({ image: 'busybox', command: ['true'], detach: true, autoRemove });
    half.push(session.containerId);
  }
  runtime.start = start;
  const status = async (id: string) => (await api.list({ all: true, ids: [id] }))[0]?.status;
  expect(await status(half[0]!)).toBe('running');
  services.database.run("UPDATE containers SET lease = '1:1:another-boot'");
  expect(await status(half[0]!)).toBeUndefined();
  expect(await status(half[1]!)).toBe('exited');
  await api.remove(half[1]!);
  await expect.poll(() => fixture.leaks()).toEqual([]);
});

it('a container that began stays when whoever started it is gone', async () => {
  const { services, api } = fixture;
  const session = await api.run({ image: 'busybox', command: ['sleep', '100'], detach: true });
  services.database.run("UPDATE containers SET lease = '1:1:another-boot'");
  expect((await api.list({ ids: [session.containerId] }))[0]?.status).toBe('running');
  await api.remove(session.containerId, { force: true });
  await expect.poll(() => fixture.leaks()).toEqual([]);
});

it('what a dead process was still making gives its name back', async () => {
  const { services, api } = fixture;
  await api.create({ image: 'busybox', name: 'again', command: ['true'] });
  services.database.run("UPDATE containers SET status = 'creating', lease = '1:1:another-boot'");
  const { id } = await api.create({ image: 'busybox', name: 'again', command: ['true'] });
  await api.remove(id);
  await expect.poll(() => fixture.leaks()).toEqual([]);
});
