import type { Host, Workers } from '@strata/core';
import { createDatabases } from './database/database.ts';
import { createExec } from './exec/exec.ts';
import { createFiles } from './files/files.ts';
import { createLocks } from './locks/locks.ts';
import { createLog, type LogLevel, type LogSink } from './log/log.ts';
import { createMounter } from './mount/mounter.ts';
import { createProcesses } from './process/processes.ts';
import { createSockets } from './sockets/sockets.ts';
import { WorkerPool } from './workers/pool.ts';

export interface HostOptions {
  /** Default `warn`. */
  readonly logLevel?: LogLevel;
  /** Default: one JSON object per line on standard error. */
  readonly logSink?: LogSink;
  /** Module of the worker threads, for programs that bundle this package into one file. */
  readonly workerBootstrap?: URL;
  /** Worker threads; default one per core, at least two. */
  readonly workerThreads?: number;
  /** Private directory for temporary mountpoints (`withMounted`); default below the system's temporary directory. */
  readonly mountDirectory?: string;
}

/** The operating system behind core's facets. Nothing is loaded, opened or started before it is used. */
export function createHost(options: HostOptions = {}): Host {
  const { logLevel = 'warn', logSink, workerBootstrap, workerThreads, mountDirectory } = options;
  const log = createLog(logLevel, logSink);
  const exec = createExec();
  let pool: Workers | undefined;
  const workers = (): Workers => {
    pool ??= new WorkerPool({
      ...(workerBootstrap === undefined ? {} : { bootstrap: workerBootstrap }),
      ...(workerThreads === undefined ? {} : { size: workerThreads }),
      logLevel,
      onLog: ({ level, message, time: _, ...facts }) => log[level](message, facts),
    });
    return pool;
  };
  return {
    exec,
    mounter: createMounter({
      exec,
      log,
      ...(mountDirectory === undefined ? {} : { directory: mountDirectory }),
    }),
    files: createFiles(workers),
    processes: createProcesses(),
    sockets: createSockets(),
    locks: createLocks(),
    get workers() {
      return workers();
    },
    databases: createDatabases(),
    log,
  };
}
