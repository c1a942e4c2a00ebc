import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MonitoredProcess, RuntimeDriver } from '@strata/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import runtimeOci from '../src/index.ts';
import { base, context, create as createBy, host, makeRootfs, removeAll, type Wanted } from './place.ts';

beforeAll(makeRootfs);
afterAll(removeAll);

/** Command lines that name what is below a directory. */
function processesOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(directory));
}

describe('a runtime that is killed', () => {
  it.each(['crun', 'runc'])('%s, half-way through create, is told of and leaves nothing', async (program) => {
    const command = join(base, `killed-${program}`);
    writeFileSync(
      command,
      `#!/bin/sh\n${program} "$@"\ncase " $* " in *" create "*) [ ! -e "$0.armed" ] || kill -9 $$;; esac\n`,
      {
        mode: 0o755,
      },
    );
    const by = await runtimeOci.create(context({ command }));
    writeFileSync(`${command}.armed`, '');
    await expect(createBy({ args: ['sleep', '1000'], by })).rejects.toMatchObject({ code: 'MONITOR_FAILED' });
    expect(await by.list()).toEqual([]);
    expect(processesOf(base)).toEqual([]);
  });
});

describe('probe', () => {
  it('runs a real container, remembers, and leaves nothing', async () => {
    expect(await runtimeOci.probe(context())).toMatchObject({ supported: true });
    const runtime = await runtimeOci.create(context());
    expect(await runtime.list()).toEqual([]);
    expect(runtime.description).toMatch(/^crun \d/);
  });

  it('says what is missing or does not work', async () => {
    expect(await runtimeOci.probe(context({ command: 'no-such-runtime' }))).toMatchObject({
      supported: false,
      reason: 'no-such-runtime is not installed',
    });
    expect(await runtimeOci.probe(context({ command: '/bin/false' }))).toMatchObject({ supported: false });
    expect(await runtimeOci.probe(context({ monitor: 'no-such-monitor' }))).toMatchObject({
      supported: false,
    });
  });

  it('refuses options it does not know', () => {
    expect(runtimeOci.options['~standard'].validate({ colour: 'red' })).toMatchObject({
      issues: [{ path: ['colour'] }],
    });
  });
});

describe.each(['crun', 'runc'])('%s', (command) => {
  let runtime: RuntimeDriver;
  const create = (wanted: Omit<Wanted, 'by'>) => createBy({ ...wanted, by: runtime });
  beforeAll(async () => {
    runtime = await runtimeOci.create(context({ command }));
    expect(runtime.description).toContain(command);
  });
  afterEach(async () => {
    for (const id of await runtime.list()) await runtime.delete(id, { force: true });
  });

  async function outputOf(created: MonitoredProcess, input?: string): Promise<string> {
    await using streams = await runtime.attach(created);
    if (created.execId === undefined) await runtime.start(created);
    if (input !== undefined) await streams.write(Buffer.from(input));
    streams.endInput();
    let text = '';
    for await (const { stream, data } of streams.output()) text += `${stream === 'stderr' ? '!' : ''}${data}`;
    return text;
  }

  describe('the life of a container', () => {
    it('nothing runs before start; output from the first byte; exit code; delete is idempotent', async () => {
      const created = await create({ args: ['sh', '-c', 'echo out; echo err >&2; exit 42'] });
      expect(await runtime.state(created.containerId)).toMatchObject({ status: 'created' });
      expect(runtime.poll(created)).toBeUndefined();
      const text = await outputOf(created);
      expect(text).toContain('out\n');
      expect(text).toContain('!err\n');
      expect(await runtime.wait(created)).toMatchObject({ code: 42, lost: false });
      expect(await runtime.wait(created)).toMatchObject({ code: 42 });
      expect(readFileSync(join(created.runDirectory, 'log'), 'utf8')).toContain(' stdout F out\n');
      await runtime.delete(created.containerId);
      await runtime.delete(created.containerId);
      expect(await runtime.state(created.containerId)).toBeUndefined();
    });

    it('input to the end, with a terminal too', async () => {
      expect(await outputOf(await create({ args: ['cat'], stdin: true }), 'hello')).toBe('hello');
      const terminal = await create({
        args: ['sh', '-c', 'read x; busybox stty size'],
        terminal: true,
        stdin: true,
      });
      await runtime.resize(terminal, { rows: 12, columns: 34 });
      expect(await outputOf(terminal, 'go\n')).toContain('12 34');
      await expect(
        runtime.resize({ ...terminal, terminal: false }, { rows: 1, columns: 1 }),
      ).rejects.toMatchObject({
        code: 'NO_TERMINAL',
      });
    });

    it('signals, and says so when there is nobody to signal', async () => {
      const created = await create({ args: ['sleep', '60'] });
      await runtime.start(created);
      await runtime.kill(created.containerId, 9);
      expect(await runtime.wait(created)).toMatchObject({ code: 137 });
      await expect(runtime.kill(created.containerId, 9)).rejects.toMatchObject({
        kind: 'failed-precondition',
      });
      await expect(runtime.attach(created)).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
    });

    it('a created container that is never started is deleted by force', async () => {
      const created = await create({ args: ['true'] });
      await runtime.delete(created.containerId, { force: true });
      expect(host.processes.alive(created.process)).toBe(false);
      expect(await runtime.list()).toEqual([]);
    });

    it('a state that a killed runtime left, with a mount in it, is deleted', async () => {
      const state = join(base, 'run/state', 'e'.repeat(64));
      mkdirSync(state, { recursive: true });
      writeFileSync(join(state, 'runc.abc'), '');
      await host.mounter.mount(
        [{ type: 'bind', source: '/bin/busybox', options: ['bind', 'ro'] }],
        join(state, 'runc.abc'),
      );
      await runtime.delete('e'.repeat(64), { force: true });
      expect(existsSync(state)).toBe(false);
      expect(existsSync('/bin/busybox')).toBe(true);
    });

    it('127 and 126, and nothing left', async () => {
      await expect(create({ args: ['nonsense'] })).rejects.toMatchObject({
        kind: 'not-found',
        exitCode: 127,
      });
      await expect(create({ args: ['/tmp'] })).rejects.toMatchObject({
        kind: 'permission-denied',
        exitCode: 126,
      });
      expect(await runtime.list()).toEqual([]);
    });

    it('runs the exit command once, after the exit file is there', async () => {
      const mark = join(base, 'mark');
      const created = await create({ args: ['true'], exitCommand: ['/usr/bin/touch', mark] });
      await runtime.start(created);
      await runtime.wait(created);
      await expect.poll(() => existsSync(mark)).toBe(true);
    });

    it('a monitor that is killed leaves 255 and the knowledge that it was lost', async () => {
      const created = await create({ args: ['sleep', '60'] });
      await runtime.start(created);
      host.processes.kill(created.monitor, 9);
      expect(await runtime.wait(created)).toMatchObject({ code: 255, lost: true });
      await runtime.delete(created.containerId, { force: true });
      await expect.poll(() => host.processes.alive(created.process)).toBe(false);
    });

    it('waiting can be cancelled', async () => {
      const created = await create({ args: ['sleep', '60'] });
      await runtime.start(created);
      await expect(runtime.wait(created, AbortSignal.timeout(20))).rejects.toMatchObject({ kind: 'aborted' });
    });
  });

  describe('exec', () => {
    it('attached from the first byte, with its own exit code', async () => {
      const created = await create({ args: ['sleep', '60'] });
      await runtime.start(created);
      const request = (args: readonly string[], execId: string) => ({
        execId,
        containerId: created.containerId,
        runDirectory: join(created.runDirectory, 'exec', execId),
        process: { terminal: false, user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/' },
        monitor: { terminal: false, stdin: true, leaveStdinOpen: false, logPath: undefined },
      });
      let text: Promise<string> | undefined;
      const process = await runtime.exec(
        request(['sh', '-c', 'cat; exit 5'], 'b'.repeat(16)),
        async (early) => {
          text = outputOf({ ...early, execId: 'b' }, 'in');
        },
      );
      expect(await text).toBe('in');
      expect(await runtime.wait(process)).toMatchObject({ code: 5 });
      await expect(runtime.exec(request(['nonsense'], 'c'.repeat(16)))).rejects.toMatchObject({
        exitCode: 127,
      });
      expect(await runtime.wait(await runtime.exec(request(['true'], 'd'.repeat(16))))).toMatchObject({
        code: 0,
      });
    });
  });
});
