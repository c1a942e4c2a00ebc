import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { StrataError, type Workers } from '@strata/core';
import { aborted, throwIfAborted } from '../errors.ts';
import type { LogLevel, LogRecord } from '../log/log.ts';
import { type Request, type Response, receiveError, sendError } from './messages.ts';

export interface PoolOptions {
  /** Module that a thread runs; given when the pool is bundled into another file. */
  readonly bootstrap?: URL;
  readonly size?: number;
  readonly logLevel: LogLevel;
  readonly onLog: (record: LogRecord) => void;
}

interface Task {
  readonly request: Request & { kind: 'run' };
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((update: unknown) => void) | undefined;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
}

const isSource = import.meta.url?.endsWith('.ts') ?? false;

function defaultBootstrap(): URL {
  // From source this file lies in a folder of its own; built, it is in a chunk beside the bootstrap.
  return new URL(isSource ? '../worker-bootstrap.ts' : './worker-bootstrap.js', import.meta.url);
}

/** Threads running our sources need the same resolution as we have; a test runner's own flags are not for them. */
function execArgv(): string[] {
  return isSource ? ['--conditions=source', '--no-warnings'] : [];
}

/** worker_threads, made when work needs them, kept warm, and never a reason for the process to stay. */
export class WorkerPool implements Workers {
  readonly #options: PoolOptions;
  readonly #size: number;
  readonly #threads = new Set<Thread>();
  readonly #queue: Task[] = [];
  #nextId = 1;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#size = options.size ?? Math.max(2, availableParallelism());
  }

  async run<Input, Progress, Result>(
    module: URL,
    input: Input,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (update: Progress) => void } = {},
  ): Promise<Result> {
    const { signal, onProgress } = options;
    throwIfAborted(signal);
    if (this.#closed) throw new StrataError('aborted', 'WORKERS_CLOSED', 'The engine is closed');
    const request: Task['request'] = { kind: 'run', id: this.#nextId++, module: module.href, input };
    const abort = () => this.#abort(request.id, signal as AbortSignal);
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#queue.push({
          request,
          resolve: resolve as (result: unknown) => void,
          reject,
          onProgress: onProgress as Task['onProgress'],
        });
        signal?.addEventListener('abort', abort, { once: true });
        this.#dispatch();
      });
    } catch (error) {
      // A job that stops because it was told to may say so in any way.
      throw signal?.aborted ? aborted(signal) : error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  warm(): void {
    if (this.#threads.size === 0 && !this.#closed) this.#start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closed = new StrataError(
      'aborted',
      'WORKERS_CLOSED',
      'The engine was closed while this was running',
    );
    for (const task of this.#queue.splice(0)) task.reject(closed);
    const threads = [...this.#threads];
    this.#threads.clear();
    for (const thread of threads) thread.task?.reject(closed);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    const idle = [...this.#threads].find((thread) => thread.task === undefined);
    if (idle !== undefined) this.#give(idle);
    else if (this.#threads.size < this.#size) this.#give(this.#start());
  }

  #give(thread: Thread): void {
    if (thread.task !== undefined) return;
    const task = this.#queue.shift();
    if (task === undefined) return;
    thread.task = task;
    thread.worker.ref();
    try {
      thread.worker.postMessage(task.request);
    } catch (error) {
      this.#end(thread)?.reject(error);
    }
  }

  #start(): Thread {
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const bootstrap = this.#options.bootstrap ?? defaultBootstrap();
    const worker = new Worker(bootstrap, {
      workerData: { logLevel: this.#options.logLevel },
      execArgv: execArgv(),
      // Descriptors come from the addon as well; Node would warn at each one it did not open itself.
      trackUnmanagedFds: false,
      // What a job prints would mix with our output; it has a log.
      stdout: false,
      stderr: false,
    });
    const thread: Thread = { worker, task: undefined };
    this.#threads.add(thread);
    worker.on('message', (response: Response) => this.#receive(thread, response));
    worker.on('error', (error) => this.#lost(thread, error));
    worker.on('exit', () => this.#lost(thread, new Error('A worker thread ended unexpectedly')));
    worker.unref();
    return thread;
  }

  #receive(thread: Thread, response: Response): void {
    if (response.kind === 'log') this.#options.onLog(response.record as LogRecord);
    else if (response.kind === 'progress') thread.task?.onProgress?.(response.update);
    else if (response.kind === 'done') this.#end(thread)?.resolve(response.result);
    else this.#end(thread)?.reject(receiveError(response.error));
  }

  /** The thread is idle again, and takes the next task at once. */
  #end(thread: Thread): Task | undefined {
    const { task } = thread;
    thread.task = undefined;
    thread.worker.unref();
    this.#give(thread);
    return task;
  }

  #lost(thread: Thread, error: Error): void {
    if (!this.#threads.delete(thread)) return;
    thread.task?.reject(receiveError(sendError(error)));
    if (this.#queue.length > 0) this.#dispatch();
  }

  #abort(id: number, signal: AbortSignal): void {
    this.#fail(id, aborted(signal));
    for (const thread of this.#threads)
      if (thread.task?.request.id === id) thread.worker.postMessage({ kind: 'abort', id } satisfies Request);
  }

  /** A task that has not started yet leaves the queue; a running one decides itself when it ends. */
  #fail(id: number, error: unknown): void {
    const index = this.#queue.findIndex((task) => task.request.id === id);
    if (index >= 0) this.#queue.splice(index, 1)[0]?.reject(error);
  }
}
