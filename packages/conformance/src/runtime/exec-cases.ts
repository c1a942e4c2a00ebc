import assert from 'node:assert/strict';
import type { MonitoredProcess } from '@strata/core';
import { expectError } from '../runner/expect-error.ts';
import type { RuntimeCase } from './runtime-context.ts';

const SLEEP = { args: ['sleep', '600'] };

/** More processes in one container, and other processes of ours that go on where one stopped. */
export const execCases: readonly RuntimeCase[] = [
  {
    name: 'strata/ExecBesideTheInit',
    async run(context) {
      const { driver } = context;
      const init = await context.started(SLEEP);
      let early: MonitoredProcess | undefined;
      const request = context.execRequest(init, { script: 'read x; echo got $x; exit 9', stdin: true });
      const beside = await driver.exec(request, async (process) => {
        early = process;
      });
      assert.deepEqual(early?.monitor, beside.monitor, 'onReady tells of it before it runs');
      assert.equal(beside.execId, request.execId);
      assert.equal(beside.containerId, init.containerId);
      assert.equal((await context.output(beside, 'it\n')).stdout, 'got it\n');
      assert.equal((await driver.wait(beside)).code, 9);
      assert.equal(driver.poll(init), undefined, 'the init goes on');
      assert.equal((await driver.state(init.containerId))?.status, 'running');
    },
  },
  {
    name: 'strata/ExecOfWhatCannotRun',
    async run(context) {
      const { driver } = context;
      const init = await context.started(SLEEP);
      const missing = context.execRequest(init, { args: ['no-such-program'] });
      assert.equal((await expectError('not-found', 'exec', () => driver.exec(missing))).exitCode, 127);
      const denied = context.execRequest(init, { args: ['/proc'] });
      assert.equal((await expectError('permission-denied', 'exec', () => driver.exec(denied))).exitCode, 126);
      await driver.kill(init.containerId, 9);
      await driver.wait(init);
      const late = context.execRequest(init, { script: 'true' });
      await assert.rejects(driver.exec(late), 'nothing runs in a container that has ended');
    },
  },
  {
    name: 'strata/KillTakesAll',
    async run(context) {
      const { driver } = context;
      const init = await context.started(SLEEP);
      const beside = await driver.exec(context.execRequest(init, SLEEP));
      await driver.kill(init.containerId, 9, { all: true });
      assert.equal((await driver.wait(init)).code, 137);
      assert.equal((await driver.wait(beside)).code, 137);
    },
  },
  {
    name: 'strata/AnotherProcessGoesOn',
    async run(context) {
      const stored = JSON.parse(
        JSON.stringify(await context.create({ script: 'exit 6' })),
      ) as MonitoredProcess;
      const other = await context.another();
      assert.equal((await other.state(stored.containerId))?.status, 'created');
      await other.start(stored);
      const third = await context.another();
      assert.equal((await third.wait(stored)).code, 6);
      assert.equal((await context.driver.wait(stored)).code, 6);
      const running = await context.started(SLEEP);
      const beside = await third.exec(context.execRequest(running, { script: 'echo hi' }));
      assert.equal((await other.wait(beside)).code, 0);
      await other.delete(running.containerId, { force: true });
      await context.until('its init is gone', () => !context.host.processes.alive(running.process));
      await other.delete(stored.containerId);
      assert.deepEqual(await third.list(), []);
    },
  },
];
