/** The exit code conmon leaves in a file, which it writes aside and renames; or the knowledge that it never will. */
import { existsSync, readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ExitStatus, errnoOf, type Host, type MonitoredProcess, StrataError } from '@strata/core';

/** How often a monitor that is not our child is asked whether it lives. */
const livenessInterval = 500;

export function pollExit(host: Host, process: MonitoredProcess): ExitStatus | undefined {
  const told = readExit(process);
  if (told !== undefined || host.processes.alive(process.monitor)) return told;
  // It may have written between the two looks.
  return readExit(process) ?? { code: 255, at: new Date(), oomKilled: hadOom(process), lost: true };
}

export function waitForExit(
  host: Host,
  process: MonitoredProcess,
  options: { readonly ended?: Promise<unknown> | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ExitStatus> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const look = () => {
      const status = pollExit(host, process);
      if (status !== undefined) finish(() => resolve(status));
    };
    const aborted = () =>
      finish(() => reject(new StrataError('aborted', 'WAIT_ABORTED', 'Waiting was cancelled')));
    const timer = setInterval(look, livenessInterval);
    const watcher = watchExit(process, look);
    const finish = (settle: () => void) => {
      clearInterval(timer);
      watcher?.close();
      signal?.removeEventListener('abort', aborted);
      settle();
    };
    options.ended?.then(look, look);
    signal?.addEventListener('abort', aborted, { once: true });
    if (signal?.aborted === true) aborted();
    else look();
  });
}

function watchExit(process: MonitoredProcess, look: () => void): { close(): void } | undefined {
  const name = basename(process.exitFile);
  try {
    const watcher = watch(dirname(process.exitFile), (_event, file) => {
      if (file === name || file === null) look();
    });
    // Out of inotify instances, or the directory goes: the timer still looks.
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

function readExit(process: MonitoredProcess): ExitStatus | undefined {
  try {
    const text = readFileSync(process.exitFile, 'utf8').trim();
    if (!/^-?\d{1,3}$/.test(text)) return undefined;
    const code = Number(text);
    return {
      code: code < 0 ? 255 : code & 255,
      at: statSync(process.exitFile).mtime,
      oomKilled: hadOom(process),
      lost: false,
    };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function hadOom(process: MonitoredProcess): boolean {
  return existsSync(join(process.runDirectory, 'oom'));
}
