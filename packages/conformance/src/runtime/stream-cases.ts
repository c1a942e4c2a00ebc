import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeCase } from './runtime-context.ts';

const LARGE = 1 << 20;

/** Standard streams, the log and the terminal. */
export const streamCases: readonly RuntimeCase[] = [
  {
    name: 'strata/OutputFromTheFirstByteToTheLast',
    async run(context) {
      const process = await context.create({ script: 'echo out; echo err >&2; printf end' });
      assert.deepEqual(await context.output(process), { stdout: 'out\nend', stderr: 'err\n' });
      await context.driver.wait(process);
      const log = readFileSync(join(process.runDirectory, 'log'), 'utf8');
      assert.match(log, /^\S+ stdout F out$/m, 'the log has lines of the Kubernetes CRI');
      assert.match(log, /^\S+ stderr F err$/m);
      assert.match(log, /^\S+ stdout P end$/m, 'a line without its end is partial');
    },
  },
  {
    name: 'strata/MuchOutputIsWhole',
    async run(context) {
      const made = await context.create({ script: `yes | tr -d '\\n' | head -c ${LARGE}` });
      assert.equal((await context.output(made)).stdout, 'y'.repeat(LARGE));
    },
  },
  {
    name: 'strata/InputToItsEnd',
    async run(context) {
      const reader = await context.create({ args: ['cat'], stdin: true });
      assert.equal((await context.output(reader, 'hello')).stdout, 'hello');
      const without = await context.create({ args: ['cat'] });
      assert.equal((await context.output(without)).stdout, '', 'without stdin it is empty');
      assert.equal((await context.driver.wait(without)).code, 0);
    },
  },
  {
    name: 'strata/TerminalHasASize',
    async run(context) {
      const script = 'read x; stty size; test -t 1 && echo terminal';
      const process = await context.create({ script, terminal: true, stdin: true });
      await context.driver.resize(process, { rows: 12, columns: 34 });
      const { stdout } = await context.output(process, 'go\n');
      assert.match(stdout, /12 34/);
      assert.match(stdout, /terminal/);
    },
  },
  {
    name: 'strata/ClientsComeAndGo',
    async run(context) {
      const { driver } = context;
      const script = 'read line; echo "$line"';
      const process = await context.create({ script, stdin: 'shared' });
      const first = await driver.attach(process);
      await driver.start(process);
      await first.close();
      assert.equal((await driver.state(process.containerId))?.status, 'running', 'it goes on alone');
      await using second = await driver.attach(process);
      await second.write(Buffer.from('still here\n'));
      let text = '';
      for await (const { data } of second.output()) text += data;
      assert.equal(text, 'still here\n');
      assert.equal((await driver.wait(process)).code, 0);
    },
  },
  {
    name: 'strata/LogGoesOnInANewFile',
    excludedBy: ({ reopenLog }) =>
      reopenLog ? undefined : 'the driver has no reopenLog: logs are not rotated',
    async run(context) {
      const { driver } = context;
      const process = await context.create({ args: ['cat'], stdin: true });
      const log = join(process.runDirectory, 'log');
      await using streams = await driver.attach(process);
      await driver.start(process);
      await streams.write(Buffer.from('before\n'));
      await context.until('the first line is logged', () => readFileSync(log, 'utf8').includes('before'));
      renameSync(log, `${log}.1`);
      await driver.reopenLog?.(process);
      await context.until('there is a new log', () => existsSync(log));
      await streams.write(Buffer.from('after\n'));
      await context.until('the next line is in it', () => readFileSync(log, 'utf8').includes('after'));
      assert.doesNotMatch(readFileSync(log, 'utf8'), /before/);
      assert.doesNotMatch(readFileSync(`${log}.1`, 'utf8'), /after/);
    },
  },
];
