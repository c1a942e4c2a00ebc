import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertDefinition } from '../driver/driver-target.ts';
import { expectError } from '../runner/expect-error.ts';
import type { RuntimeCase } from './runtime-context.ts';

const SLEEP = { args: ['sleep', '600'] };
const KILL = 9;
const TERM = 15;

/** One container from `create` to `delete`. */
export const lifeCases: readonly RuntimeCase[] = [
  {
    name: 'strata/DefinitionIsWellFormed',
    run: ({ target, root }) => assertDefinition(target, 'runtime', root),
  },
  {
    name: 'strata/NothingRunsBeforeStart',
    async run(context) {
      const created = await context.create({ script: 'echo ran' });
      assert.equal((await context.driver.state(created.containerId))?.status, 'created');
      assert.equal(context.driver.poll(created), undefined);
      assert.ok(context.host.processes.alive(created.process), 'its init waits');
      assert.ok(context.host.processes.alive(created.monitor), 'its monitor is there');
      await context.driver.delete(created.containerId, { force: true });
      const log = join(created.runDirectory, 'log');
      assert.doesNotMatch(existsSync(log) ? readFileSync(log, 'utf8') : '', /ran/);
    },
  },
  {
    name: 'strata/StateFollowsTheContainer',
    async run(context) {
      const { driver } = context;
      assert.equal(await driver.state(context.newId()), undefined, 'of one nobody made');
      const process = await context.started(SLEEP);
      assert.deepEqual(await driver.state(process.containerId), {
        status: 'running',
        pid: process.process.pid,
      });
      assert.deepEqual(await driver.list(), [process.containerId]);
      assert.equal(driver.poll(process), undefined);
      await driver.kill(process.containerId, KILL);
      await driver.wait(process);
      await context.until('it is stopped, or forgotten', async () =>
        ['stopped', undefined].includes((await driver.state(process.containerId))?.status),
      );
    },
  },
  {
    name: 'strata/ExitCodes',
    async run(context) {
      const { driver } = context;
      for (const code of [0, 1, 42, 255]) {
        const process = await context.started({ script: `exit ${code}` });
        const { at, ...status } = await driver.wait(process);
        assert.deepEqual(status, { code, oomKilled: false, lost: false });
        assert.ok(Math.abs(Date.now() - at.getTime()) < 600_000, 'it says when');
        assert.equal((await driver.wait(process)).code, code, 'asked again');
        assert.equal(driver.poll(process)?.code, code);
      }
    },
  },
  {
    name: 'strata/SignalsArrive',
    async run(context) {
      const { driver } = context;
      const killed = await context.started(SLEEP);
      await driver.kill(killed.containerId, KILL);
      assert.equal((await driver.wait(killed)).code, 128 + KILL);
      const handler = "trap 'echo got it; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
      const process = await context.create({ script: handler });
      await using streams = await driver.attach(process);
      await driver.start(process);
      let text = '';
      for await (const { data } of streams.output()) {
        if (text === '') await driver.kill(process.containerId, TERM);
        text += data;
      }
      assert.equal(text, 'ready\ngot it\n');
      assert.equal((await driver.wait(process)).code, 7);
    },
  },
  {
    name: 'strata/NobodyToSignal',
    async run(context) {
      const { driver } = context;
      const process = await context.started({ script: 'true' });
      await driver.wait(process);
      await expectError('failed-precondition', 'kill after the end', () =>
        driver.kill(process.containerId, KILL),
      );
      await expectError('failed-precondition', 'kill of nobody', () => driver.kill(context.newId(), KILL));
    },
  },
  {
    name: 'strata/DeleteIsIdempotent',
    async run(context) {
      const { driver } = context;
      const process = await context.started({ script: 'exit 3' });
      await driver.wait(process);
      for (const _ of [1, 2, 3]) await driver.delete(process.containerId);
      assert.equal(await driver.state(process.containerId), undefined);
      assert.equal((await driver.wait(process)).code, 3, 'the exit code outlives the state');
      await driver.delete(context.newId(), { force: true });
    },
  },
  {
    name: 'strata/CommandsThatCannotRun',
    async run(context) {
      const { driver } = context;
      for (const [args, kind, exitCode] of [
        [['no-such-program'], 'not-found', 127],
        [['/proc'], 'permission-denied', 126],
      ] as const) {
        const error = await expectError(kind, args.join(' '), () => context.started({ args }));
        assert.equal(error.exitCode, exitCode);
      }
      for (const id of await driver.list()) await driver.delete(id, { force: true });
    },
  },
  {
    name: 'strata/WaitingCanBeGivenUp',
    async run(context) {
      const { driver } = context;
      const process = await context.started(SLEEP);
      const caller = new AbortController();
      const waiting = expectError('aborted', 'wait', () => driver.wait(process, caller.signal));
      caller.abort();
      await waiting;
      assert.equal((await driver.state(process.containerId))?.status, 'running', 'it goes on');
    },
  },
  {
    name: 'strata/AMonitorThatDied',
    async run(context) {
      const process = await context.started(SLEEP);
      context.host.processes.kill(process.monitor, KILL);
      const { code, lost } = await context.driver.wait(process);
      assert.deepEqual({ code, lost }, { code: 255, lost: true });
    },
  },
  {
    name: 'strata/ExitCommandRunsAfterTheExitFile',
    async run(context) {
      const mark = join(context.root, 'mark');
      const seen = await context.create({ script: 'exit 5', exitCommand: ['/bin/mkdir', '--', mark] });
      await context.driver.start(seen);
      assert.equal((await context.driver.wait(seen)).code, 5);
      await context.until('the exit command has run', () => existsSync(mark));
      assert.ok(existsSync(seen.exitFile), 'the exit file is there by then');
    },
  },
  {
    name: 'strata/ManyAtOnce',
    async run(context) {
      const { driver } = context;
      const codes = Array.from({ length: 8 }, (_, n) => n);
      const ends = await Promise.all(
        codes.map(async (code) => driver.wait(await context.started({ script: `exit ${code}` }))),
      );
      assert.deepEqual(
        ends.map(({ code }) => code),
        codes,
      );
    },
  },
];
