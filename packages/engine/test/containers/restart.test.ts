import { expect, it } from 'vitest';
import type { CreateRequest, RestartPolicy } from '../../src/api/containers.ts';
import { restartDelay, shortRuns } from '../../src/containers/restart/restart-policy.ts';
import type { ContainerRecord } from '../../src/containers/state/container-record.ts';
import { fixtureOfFile } from './fixture-of-file.ts';

const fixture = fixtureOfFile();

async function run(
  name: RestartPolicy['name'],
  command: readonly string[],
  more: Partial<CreateRequest> = {},
): Promise<string> {
  const session = await fixture.api.run({
    image: 'busybox',
    command,
    detach: true,
    restart: { name, maximum: 2 },
    ...more,
  });
  await session[Symbol.asyncDispose]();
  return session.containerId;
}

const inspected = async (id: string) =>
  (await fixture.api.inspect(id)) as unknown as {
    RestartCount: number;
    State: { Status: string; ExitCode: number; Restarting: boolean; StartedAt: string };
  };

/** What the monitor's exit command does; waits for the end itself. */
async function exitCommand(id: string): Promise<void> {
  await fixture.api.wait(id);
  await fixture.api.reap(id);
}

it('on-failure starts again as often as it was told, and then says how it ended', async () => {
  const id = await run('on-failure', ['sh', '-c', 'echo again; exit 3']);
  for (let n = 0; n < 3; n++) await exitCommand(id);
  expect(await inspected(id)).toMatchObject({ RestartCount: 2, State: { Status: 'exited', ExitCode: 3 } });
  const lines: string[] = [];
  for await (const { data } of fixture.api.logs({ container: id })) lines.push(data.toString());
  expect(lines).toHaveLength(3);
  const fine = await run('on-failure', ['true']);
  await exitCommand(fine);
  expect(await inspected(fine)).toMatchObject({ RestartCount: 0, State: { Status: 'exited', ExitCode: 0 } });
});

it('always starts again after success, and not after stop or kill', async () => {
  const id = await run('always', ['sh', '-c', '[ -e /once ] && sleep 100; touch /once']);
  await fixture.api.wait(id);
  expect(await inspected(id)).toMatchObject({ State: { Status: 'restarting', Restarting: true } });
  await fixture.api.reap(id);
  expect(await inspected(id)).toMatchObject({ RestartCount: 1, State: { Status: 'running' } });
  await fixture.api.stop(id, { timeout: 0 });
  await fixture.api.reap(id);
  expect(await inspected(id)).toMatchObject({ State: { Status: 'exited', ExitCode: 137 } });
  await (await fixture.api.start(id))[Symbol.asyncDispose]();
  expect(await inspected(id)).toMatchObject({ RestartCount: 0, State: { Status: 'running' } });
  await fixture.api.kill(id);
  await fixture.api.reap(id);
  expect(await inspected(id)).toMatchObject({ State: { Status: 'exited' } });
});

it('stop ends the waiting for the next start', async () => {
  const id = await run('always', ['false']);
  await fixture.api.wait(id);
  await fixture.api.stop(id);
  await fixture.api.reap(id);
  expect(await inspected(id)).toMatchObject({ RestartCount: 0, State: { Status: 'exited', ExitCode: 1 } });
});

it('the start of the system brings back what is wanted and nothing else', async () => {
  const sleep = ['sleep', '100'];
  const ids = {
    always: await run('always', sleep),
    unless: await run('unless-stopped', sleep),
    stopped: await run('unless-stopped', sleep),
    no: await run('no', sleep),
  };
  await fixture.api.stop(ids.stopped, { timeout: 0 });
  await fixture.api.stop(ids.always, { timeout: 0 });
  // As after a reboot: no process of them is there, and nobody saw them end.
  fixture.services.database.run("UPDATE containers SET process = NULL WHERE status = 'running'");
  expect(await fixture.api.startWanted()).toHaveLength(2);
  const statuses = await Promise.all(
    Object.entries(ids).map(async ([name, id]) => [name, (await inspected(id)).State.Status]),
  );
  expect(Object.fromEntries(statuses)).toEqual({
    always: 'running',
    unless: 'running',
    stopped: 'exited',
    no: 'exited',
  });
});

it('a policy for a container that removes itself is refused', async () => {
  await expect(run('always', ['true'], { autoRemove: true })).rejects.toMatchObject({
    code: 'CONTAINER_REQUEST_INVALID',
  });
});

it('restart keeps a container that removes itself, once; a paused one is restarted too, but not started', async () => {
  const id = await run('no', ['sleep', '100'], { autoRemove: true });
  await fixture.api.restart(id, { timeout: 0 });
  expect(await inspected(id)).toMatchObject({ State: { Status: 'running' } });
  await fixture.api.pause(id);
  await expect(fixture.api.start(id)).rejects.toMatchObject({ code: 'CONTAINER_PAUSED' });
  await fixture.api.restart(id, { timeout: 0 });
  const told = fixture.services.database
    .all<{ action: string }>('SELECT action FROM events WHERE subject = ? ORDER BY seq', id)
    .map(({ action }) => action);
  expect(told.slice(-3)).toEqual(['stop', 'start', 'restart']);
  await fixture.api.stop(id, { timeout: 0 });
  await expect(fixture.api.inspect(id)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' });
});

it('one that waits for its next start is not removed without force', async () => {
  const id = await run('always', ['false']);
  await fixture.api.wait(id);
  expect(await inspected(id)).toMatchObject({ State: { Restarting: true } });
  await expect(fixture.api.remove(id)).rejects.toMatchObject({ code: 'CONTAINER_RUNNING' });
  await fixture.api.remove(id, { force: true });
});

it('waits longer with each short run in a row, and begins anew after a long one', async () => {
  const ended = (shortRuns: number, seconds: number) =>
    ({
      started: new Date(0),
      finished: new Date(seconds * 1000),
      restarts: 40,
      shortRuns,
    }) as ContainerRecord;
  expect([0, 1, 2, 9, 1000].map((n) => restartDelay(ended(n, 1)))).toEqual([100, 200, 400, 51_200, 60_000]);
  expect(restartDelay(ended(20, 10))).toBe(100);
  expect([shortRuns(ended(3, 1)), shortRuns(ended(3, 10))]).toEqual([4, 0]);
  const id = await run('on-failure', ['false']);
  await exitCommand(id);
  const { short_runs: counted } = fixture.services.database.get(
    'SELECT short_runs FROM containers WHERE id = ?',
    id,
  )!;
  expect(counted).toBe(1);
});
