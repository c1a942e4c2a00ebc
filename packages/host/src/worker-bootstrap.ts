/** @module What a thread of the pool runs: it waits for jobs, each the default export of a module. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Host, type Job, StrataError } from '@strata/core';
import copyTree from './files/copy-tree-job.ts';
import { createHost } from './host.ts';
import type { LogLevel, LogRecord } from './log/log.ts';
import { BUILTIN_JOBS } from './workers/builtin-jobs.ts';
import { type Request, type Response, sendError } from './workers/messages.ts';

type AnyJob = Job<unknown, unknown, unknown>;

const builtin = new Map<string, AnyJob>([[BUILTIN_JOBS.copyTree.href, copyTree as AnyJob]]);
const running = new Map<number, AbortController>();

async function load(module: string): Promise<AnyJob> {
  const known = builtin.get(module);
  if (known !== undefined) return known;
  const loaded = (await import(module)) as { default?: unknown };
  // A CommonJS bundle puts its exports one level deeper.
  const job =
    typeof loaded.default === 'object'
      ? (loaded.default as { default?: unknown } | null)?.default
      : loaded.default;
  if (typeof job === 'function') return job as AnyJob;
  throw new StrataError(
    'internal',
    'JOB_INVALID',
    `The job module ${module} has no function as default export`,
  );
}

async function run(port: MessagePort, host: Host, request: Request & { kind: 'run' }): Promise<void> {
  const { id, module, input } = request;
  const send = (response: Response) => port.postMessage(response);
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const job = await load(module);
    const progress = (update: unknown) => send({ kind: 'progress', id, update });
    const result = await job(input, { host, signal: controller.signal, progress });
    send({ kind: 'done', id, result });
  } catch (error) {
    send({ kind: 'failed', id, error: sendError(error) });
  } finally {
    running.delete(id);
  }
}

/** A fact that cannot be cloned (a function) must not fail the job that logs it. */
function sendLog(port: MessagePort, record: LogRecord): void {
  try {
    port.postMessage({ kind: 'log', record });
  } catch {
    const { time, level, message } = record;
    port.postMessage({ kind: 'log', record: { time, level, message } });
  }
}

function listen(port: MessagePort): void {
  const { logLevel } = workerData as { readonly logLevel: LogLevel };
  const host = createHost({ logLevel, logSink: (record) => sendLog(port, record) });
  port.on('message', (request: Request) => {
    if (request.kind === 'abort') running.get(request.id)?.abort();
    else void run(port, host, request);
  });
}

if (parentPort !== null) listen(parentPort);
