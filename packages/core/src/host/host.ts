import type { Databases } from './database.ts';
import type { Exec } from './exec.ts';
import type { Inflater } from './inflate.ts';
import type { Locks } from './locks.ts';
import type { Log } from './log.ts';
import type { Mounter } from './mounter.ts';
import type { Namespaces } from './namespaces.ts';
import type { Processes } from './processes.ts';
import type { Sockets } from './sockets.ts';
import type { Files } from './tree.ts';
import type { Workers } from './workers.ts';

/** The operating system, facet by facet: all that engine and drivers know of it. `@strata/host` implements it. */
export interface Host {
  readonly exec: Exec;
  readonly mounter: Mounter;
  readonly namespaces: Namespaces;
  readonly files: Files;
  readonly processes: Processes;
  readonly sockets: Sockets;
  readonly locks: Locks;
  readonly workers: Workers;
  readonly databases: Databases;
  readonly log: Log;
  /** Undefined where there is nothing quicker than the runtime's own streams. */
  readonly inflater?: () => Inflater;
}
