/** Start conmon and speak its pipes: JSON lines on _OCI_SYNCPIPE and _OCI_ATTACHPIPE, a go-ahead on _OCI_STARTPIPE. */
import type { Duplex, Readable } from 'node:stream';
import { type Host, StrataError } from '@strata/core';
import { type ConmonRequest, conmonArguments } from './conmon-arguments.ts';
import { unlessOrphaned } from './orphaned.ts';
import { runtimeFailure } from './runtime-error.ts';

export interface StartedMonitor {
  readonly monitorPid: number;
  readonly processPid: number;
  /** Ends with the monitor, while this process lives. */
  readonly ended: Promise<unknown>;
}

const syncFd = 3;
const startFd = 4;
const attachFd = 5;

/** @throws what {@link runtimeFailure} makes of the runtime's message */
export async function startConmon(
  host: Host,
  program: string,
  request: ConmonRequest,
  onAttachable?: (monitorPid: number) => Promise<void>,
): Promise<StartedMonitor> {
  const attach = request.execAttach === true;
  const child = await host.exec.spawn(program, conmonArguments(request), {
    cwd: request.directory,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...(attach ? (['pipe', 'pipe'] as const) : [])],
    env: {
      _OCI_SYNCPIPE: String(syncFd),
      ...(attach ? { _OCI_STARTPIPE: String(startFd), _OCI_ATTACHPIPE: String(attachFd) } : {}),
    },
  });
  const pipes = child.pipes as ReadonlyMap<number, Duplex>;
  const errors = collect(pipes.get(2));
  // A monitor that ends before it has read the go-ahead resets that pipe; the reports tell why it ended.
  pipes.get(startFd)?.on('error', () => undefined);
  try {
    if (attach) {
      const start = pipes.get(startFd);
      const ready = firstReport(pipes.get(attachFd), errors);
      // conmon reads twice: before it forks, and again once a client had the chance to connect.
      start?.write('0');
      await unlessOrphaned(child.pid, ready);
      await onAttachable?.(child.pid);
      start?.write('0');
    }
    const report = await unlessOrphaned(child.pid, firstReport(pipes.get(syncFd), errors));
    if (report.data < 0) throw runtimeFailure(report.message ?? errors());
    return { monitorPid: child.pid, processPid: report.data, ended: child.exited };
  } finally {
    for (const pipe of pipes.values()) pipe.destroy();
    child.unref();
  }
}

interface Report {
  readonly data: number;
  readonly message?: string;
}

function firstReport(pipe: Readable | undefined, errors: () => string): Promise<Report> {
  return new Promise((resolve, reject) => {
    let text = '';
    const failed = () => {
      const message = errors().trim() || 'the monitor ended before it said anything';
      reject(new StrataError('internal', 'MONITOR_FAILED', `The container monitor failed: ${message}`));
    };
    if (pipe === undefined) return failed();
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\n');
      if (end >= 0) resolve(parseReport(text.slice(0, end)));
      else if (text.length > 1024 * 1024) failed();
    });
    pipe.on('error', failed);
    // The last words on standard error may arrive after this pipe closed.
    pipe.on('end', () => setImmediate(failed));
  });
}

function parseReport(line: string): Report {
  try {
    const { data, message } = JSON.parse(line) as Record<string, unknown>;
    if (Number.isSafeInteger(data))
      return { data: data as number, ...(typeof message === 'string' ? { message } : {}) };
  } catch {
    // conmon leaves some control characters unescaped; the message is still worth showing.
  }
  return { data: -1, message: line };
}

function collect(pipe: Readable | undefined): () => string {
  let text = '';
  pipe?.on('data', (chunk: Buffer) => {
    if (text.length < 64 * 1024) text += chunk.toString('utf8');
  });
  pipe?.on('error', () => undefined);
  return () => text;
}
