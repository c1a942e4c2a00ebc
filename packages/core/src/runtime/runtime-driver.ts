/**
 * # RuntimeDriver: processes in a bundle
 *
 * A **bundle** is a directory with an OCI `config.json` (runtime-spec) and a root filesystem, both made by the
 * engine. The driver turns it into a process, under a **monitor**: a small process that outlives the CLI, holds
 * the standard streams, writes the log and the exit code. The engine may die at any time; what it needs later is
 * in {@link MonitoredProcess}, which is plain data and stored.
 *
 * ## Invariants
 * - `create` resolves when the container's init waits for `start`; nothing of the image has run yet. When it
 *   throws, no process, mount or runtime state is left.
 * - An exit code is never lost while the monitor lives: `exitFile` appears atomically, after the last byte of
 *   output was logged. A dead monitor without an exit file means the code is unknown (255).
 * - A process is (pid, start time, boot id); no method signals a recycled pid.
 * - `delete` is idempotent and tolerates a runtime that has forgotten the container.
 *
 * ## Flow
 * `create` → the engine attaches if it wants output from the first byte → `start` → `wait` → `delete`.
 */
import type { ProcessId } from '../host/processes.ts';

export interface MonitorOptions {
  readonly terminal: boolean;
  /** Keep standard input open for an attached client; otherwise it is /dev/null. */
  readonly stdin: boolean;
  /** Keep standard input open after the attached client leaves. */
  readonly leaveStdinOpen: boolean;
  /** Lines as in the Kubernetes CRI log format; `undefined`: no log. */
  readonly logPath: string | undefined;
  /** Program and arguments the monitor runs once after the exit file is written. */
  readonly exitCommand?: readonly string[];
}

export interface RuntimeContainer {
  /** Engine-made container id: 64 hex digits. */
  readonly id: string;
  /** Directory with config.json. */
  readonly bundle: string;
  /** Directory for pid files, the attach socket and the exit file; emptied by a reboot. Mode 0700. */
  readonly runDirectory: string;
  readonly monitor: MonitorOptions;
}

/** All that another process needs to attach, wait, resize and delete. JSON. */
export interface MonitoredProcess {
  readonly containerId: string;
  /** Of an exec; `undefined` for the container's init. */
  readonly execId: string | undefined;
  readonly process: ProcessId;
  readonly monitor: ProcessId;
  readonly terminal: boolean;
  readonly runDirectory: string;
  readonly exitFile: string;
}

export interface ExecProcess {
  /** Engine-made id, `[a-f0-9]{12,64}`. */
  readonly execId: string;
  readonly containerId: string;
  /** Of this process alone, not the container's; made when it is missing. */
  readonly runDirectory: string;
  /** OCI runtime-spec `process` object. */
  readonly process: Readonly<Record<string, unknown>>;
  readonly monitor: MonitorOptions;
}

export interface RuntimeState {
  readonly status: 'created' | 'running' | 'paused' | 'stopped' | 'unknown';
  readonly pid: number | undefined;
}

export interface ExitStatus {
  /** 0–255; 128+n after signal n. 255 when the monitor was lost. */
  readonly code: number;
  readonly at: Date;
  readonly oomKilled: boolean;
  /** The monitor died before it could tell. */
  readonly lost: boolean;
}

/** The streams of a process as one client sees them. */
export interface AttachedStreams extends AsyncDisposable {
  /** Output until the process ends or the client detaches; with a terminal everything is `stdout`. The buffer is valid until the next one. */
  output(): AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly data: Buffer }>;
  write(data: Uint8Array): Promise<void>;
  /** End of input (half-close); output goes on. */
  endInput(): void;
  close(): Promise<void>;
}

export interface RuntimeDriver {
  /** Program and version, for `info`: `runc 1.1.5`. */
  readonly description: string;
  /** @throws not-found (127) or permission-denied (126) when the command cannot be run, as the runtime reports it */
  create(container: RuntimeContainer): Promise<MonitoredProcess>;
  /**
   * Let the created container run. With `attach`, the streams are connected first so that no byte is missed.
   * @throws not-found with exitCode 127, permission-denied with exitCode 126 when the program cannot be executed
   */
  start(process: MonitoredProcess): Promise<void>;
  /** Run another process in a running container; resolves once it runs. */
  exec(
    request: ExecProcess,
    onReady?: (process: MonitoredProcess) => Promise<void>,
  ): Promise<MonitoredProcess>;
  attach(process: MonitoredProcess): Promise<AttachedStreams>;
  /** Rows and columns of its terminal. */
  resize(process: MonitoredProcess, size: { readonly rows: number; readonly columns: number }): Promise<void>;
  /**
   * Go on logging in a new file of the same name, which replaces the present one; resolves when asked, not when done.
   * Without it logs are not rotated.
   */
  reopenLog?(process: MonitoredProcess): Promise<void>;
  /** Resolves with the exit status, also when it ended long ago. */
  wait(process: MonitoredProcess, signal?: AbortSignal): Promise<ExitStatus>;
  /** The exit status if it has ended, without waiting. */
  poll(process: MonitoredProcess): ExitStatus | undefined;
  /** Signal the init (or every process with `all`). @throws failed-precondition when it is not running */
  kill(containerId: string, signal: number, options?: { readonly all?: boolean }): Promise<void>;
  state(containerId: string): Promise<RuntimeState | undefined>;
  /** Remove the runtime's state; with `force` kill first. */
  delete(containerId: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Ids the runtime knows under our state directory, for reconciling. */
  list(): Promise<readonly string[]>;
}
