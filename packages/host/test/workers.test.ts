import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { isStrataError, type StrataError } from '@strata/core';
import { createHost, type LogRecord } from '@strata/host';
import { afterAll, describe, expect, it } from 'vitest';
import { rejection, scratch } from './fixtures/scratch.ts';

const records: LogRecord[] = [];
const { workers } = createHost({ workerThreads: 2, logSink: (record) => records.push(record) });
const JOB = new URL('./fixtures/job.ts', import.meta.url);
const run = (task: string, options = {}) =>
  workers.run<object, number, Record<string, unknown>>(JOB, { task }, options);
afterAll(() => workers.close());

describe('Workers', () => {
  it('runs jobs on warm threads, with progress, a host and a log', async () => {
    const seen: number[] = [];
    const results = await Promise.all(
      Array.from({ length: 12 }, () => run('thread', { onProgress: (n: number) => seen.push(n) })),
    );
    expect(seen).toHaveLength(36);
    const threads = new Set(results.map((result) => result.thread));
    expect(threads.size).toBeLessThanOrEqual(2);
    expect(threads.has(0)).toBe(false);
    expect(results[0]).toMatchObject({ bytes: new Uint8Array([1]), big: 5n });
    const root = scratch();
    writeFileSync(`${root}/f`, 'content');
    expect(await workers.run(JOB, { task: 'read', path: root })).toBe('content');
    await run('log');
    expect(records).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'from the job', fact: 1 }),
    );
  });

  it('brings errors across whole', async () => {
    const error = (await rejection(run('strata'))) as unknown as StrataError;
    expect(isStrataError(error, 'BLOB_DAMAGED')).toBe(true);
    expect(error).toMatchObject({ kind: 'data-loss', hint: 'pull again', exitCode: 7, context: { size: 3 } });
    expect((error.cause as Error).message).toBe('inner');
    expect(error.stack).toContain('job.ts');
    expect(await rejection(run('fail'))).toMatchObject({
      name: 'TypeError',
      message: 'plain',
      code: 'ENOENT',
      syscall: 'open',
    });
    expect((await rejection(workers.run(new URL('file:///no/such/job.js'), {}))).code).toBe(
      'ERR_MODULE_NOT_FOUND',
    );
    expect((await rejection(workers.run(JOB, { task: () => 1 }))).message).toMatch(/could not be cloned/);
  });

  it('cancels running and waiting jobs, and outlives a thread that dies', async () => {
    const controller = new AbortController();
    const waiting = Array.from({ length: 5 }, () => rejection(run('wait', { signal: controller.signal })));
    setTimeout(() => controller.abort(), 50);
    for (const error of await Promise.all(waiting)) expect(error.kind).toBe('aborted');
    expect((await rejection(run('die'))).message).toMatch(/ended unexpectedly/);
    expect((await run('thread')).thread).toBeGreaterThan(0);
  });

  it('starts a thread ahead, once', async () => {
    await using host = {
      ...createHost({ workerThreads: 2 }),
      [Symbol.asyncDispose]: () => host.workers.close(),
    };
    const first = (await run('thread')).thread as number;
    host.workers.warm();
    host.workers.warm();
    // Threads are numbered as they are started.
    await expect
      .poll(() => host.workers.run<object, number, { thread: number }>(JOB, { task: 'thread' }))
      .toMatchObject({ thread: expect.toSatisfy((id: number) => id > first) });
    const last = (await host.workers.run<object, number, { thread: number }>(JOB, { task: 'thread' })).thread;
    const other = createHost({ workerThreads: 1 });
    expect(
      (await other.workers.run<object, number, { thread: number }>(JOB, { task: 'thread' })).thread,
    ).toBe(last + 1);
    await other.workers.close();
  });

  it('does not keep the process alive when idle', () => {
    const script = `
      import { createHost } from '@strata/host';
      const { workers } = createHost();
      workers.warm();
      console.log(await workers.run(new URL(${JSON.stringify(JOB.href)}), { task: 'thread' }).then(({ big }) => big));`;
    const cwd = new URL('.', import.meta.url).pathname;
    const out = execFileSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      cwd,
      timeout: 20_000,
    });
    expect(out.toString()).toBe('5n\n');
  });
});
