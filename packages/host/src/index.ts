/** @module The only code of Strata that touches the operating system. */
export { createDatabases } from './database/database.ts';
export { createHost, type HostOptions } from './host.ts';
export { NativeInflater } from './inflate/inflater.ts';
export { createLog, type LogLevel, type LogRecord, type LogSink } from './log/log.ts';
export { createProcesses } from './process/processes.ts';
