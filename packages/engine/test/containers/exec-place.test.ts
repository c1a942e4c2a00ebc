import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '@strata/core';
import { expect, it, vi } from 'vitest';
import { openExecPlace } from '../../src/containers/exec-place.ts';
import { finish } from './fixture.ts';
import { fixtureOfFile } from './fixture-of-file.ts';

const fixture = fixtureOfFile();

const sleeper = () => fixture.api.run({ image: 'busybox', command: ['sleep', '300'], detach: true });
const places = (id: string) => {
  const directory = join(fixture.services.paths.containerRun(id), 'exec');
  return existsSync(directory) ? readdirSync(directory) : [];
};
const ended = (id: string) =>
  places(id).filter((name) => existsSync(join(fixture.services.paths.containerRun(id), 'exec', name, id)));

it('what nobody waits for is gone with the next exec, but not what somebody still reads', async () => {
  const { containerId: container } = await sleeper();
  for (let n = 0; n < 3; n++)
    await (await fixture.api.exec({ container, command: ['true'], detach: true }))[Symbol.asyncDispose]();
  const left = await fixture.api.exec({ container, command: ['true'] });
  await left[Symbol.asyncDispose]();
  await expect.poll(() => ended(container).length).toBeGreaterThanOrEqual(1);
  const read = await fixture.api.exec({ container, command: ['sh', '-c', 'echo x; exit 4'] });
  await expect.poll(() => ended(container).length === places(container).length).toBe(true);
  expect((await finish(await fixture.api.exec({ container, command: ['true'] }))).code).toBe(0);
  expect(await finish(read)).toEqual({ code: 4, stdout: 'x\n', stderr: '' });
  expect(places(container)).toEqual([]);
});

it('tells how it ended', async () => {
  const { containerId: container } = await sleeper();
  const session = await fixture.api.exec({ container, command: ['sh', '-c', 'exit 3'] });
  await finish(session);
  const last = fixture.services.database.get(
    'SELECT action, attributes FROM events ORDER BY seq DESC LIMIT 1',
  )!;
  expect(last.action).toBe('exec_die');
  expect(JSON.parse(String(last.attributes))).toMatchObject({ execID: session.execId, exitCode: '3' });
});

it('one whose container ends or is paused while it is made says so', async () => {
  const { containerId: container } = await sleeper();
  const runtime = await fixture.services.drivers.get('runtime', 'oci');
  const exec = vi.spyOn(runtime, 'exec');
  const meanwhile = (change: () => Promise<void>) =>
    exec.mockImplementationOnce(async () => {
      await change();
      throw new StrataError('internal', 'RUNTIME_FAILED', 'in its own words');
    });
  const attempt = () => fixture.api.exec({ container, command: ['true'] });
  meanwhile(async () => undefined);
  await expect(attempt()).rejects.toMatchObject({ code: 'RUNTIME_FAILED' });
  meanwhile(() => fixture.api.pause(container));
  await expect(attempt()).rejects.toMatchObject({ code: 'CONTAINER_PAUSED' });
  await fixture.api.unpause(container);
  meanwhile(() => fixture.api.restart(container, { timeout: 0 }));
  await expect(attempt()).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
  meanwhile(() => fixture.api.remove(container, { force: true }));
  await expect(attempt()).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
  exec.mockRestore();
});

it('one that loses the race with a removal leaves no run directory', async () => {
  const { containerId } = await sleeper();
  await fixture.api.remove(containerId, { force: true });
  const request = { execId: 'f'.repeat(64), attended: true };
  const place = await openExecPlace(fixture.services, containerId, request);
  await place.abandon();
  expect(existsSync(fixture.services.paths.containerRun(containerId))).toBe(false);
});
