import type { Host, Workers } from '@strata/core';
import { createDatabases } from './database/database.ts';
import { createExec } from './exec/exec.ts';
import { createFiles } from './files/files.ts';
import { NativeInflater } from './inflate/inflater.ts';
import { createLocks } from './locks/locks.ts';
import { createLog, type LogLevel, type LogSink } from './log/log.ts';
import { createMounter } from './mount/mounter.ts';
import { createPlaces } from './mount/places.ts';
import { createNamespaces } from './namespaces/namespaces.ts';
import { createProcesses } from './process/processes.ts';
import { createSockets } from './sockets/sockets.ts';

export interface HostOptions {
  /** Default `warn`. */
  readonly logLevel?: LogLevel;
  /** Default: one JSON object per line on standard error. */
  readonly logSink?: LogSink;
  /** Module of the worker threads, for programs that bundle this package into one file. */
  readonly workerBootstrap?: URL;
  /** Worker threads; default one per core, at least two. */
  readonly workerThreads?: number;
  /**
   * Private directory of one store for temporary mountpoints (`withMounted`); what a killed process left there is
   * taken down by the next. Default below the system's temporary directory, where nothing is.
   */
  readonly mountDirectory?: string;
}

/** A pool that is loaded by its first job. */
function lazyWorkers(create: () => Promise<Workers>): Workers {
  let pool: Promise<Workers> | undefined;
  let closed = false;
  return {
    async run(module, input, options) {
      pool ??= create();
      if (closed) await (await pool).close();
      return (await pool).run(module, input, options);
    },
    warm() {
      pool ??= create();
      // Should it fail to load, the job tells.
      void pool.then(
        (made) => (closed ? undefined : made.warm()),
        () => undefined,
      );
    },
    async close() {
      closed = true;
      await (await pool)?.close();
    },
  };
}

/** The operating system behind core's facets. Nothing is loaded, opened or started before it is used. */
export function createHost(options: HostOptions = {}): Host {
  const { logLevel = 'warn', logSink, workerBootstrap, workerThreads, mountDirectory } = options;
  const log = createLog(logLevel, logSink);
  const exec = createExec();
  const processes = createProcesses();
  const workers = lazyWorkers(async () => {
    const { WorkerPool } = await import('./workers/pool.ts');
    return new WorkerPool({
      ...(workerBootstrap === undefined ? {} : { bootstrap: workerBootstrap }),
      ...(workerThreads === undefined ? {} : { size: workerThreads }),
      logLevel,
      onLog: ({ level, message, time: _, ...facts }) => log[level](message, facts),
    });
  });
  return {
    exec,
    mounter: createMounter({ exec, log, places: createPlaces(processes, mountDirectory) }),
    namespaces: createNamespaces(),
    files: createFiles(workers),
    processes,
    sockets: createSockets(),
    locks: createLocks(),
    workers,
    databases: createDatabases(),
    log,
    inflater: () => new NativeInflater(),
  };
}
