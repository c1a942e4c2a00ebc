import type { Duplex, Readable, Writable } from 'node:stream';

export interface RunOptions {
  /** Bytes for standard input; default none (`/dev/null`). */
  readonly input?: string | Uint8Array;
  /** Added to a scrubbed environment (`PATH`, `LC_ALL=C.UTF-8`, `HOME`); nothing of ours leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds until SIGKILL; default 30 000. 0: none. */
  readonly timeout?: number;
  /** Exit codes that are not an error; default `[0]`. */
  readonly okCodes?: readonly number[];
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Own session and process group; outlives us. */
  readonly detached?: boolean;
  /** One entry per descriptor, from 0: `pipe` appears in `pipes`, a number is one of our descriptors. */
  readonly stdio: readonly ('pipe' | 'ignore' | 'inherit' | number)[];
}

export interface Spawned {
  readonly pid: number;
  /** Our ends, by descriptor number: 0 a Writable, 1 and 2 Readables, above that duplex sockets. */
  readonly pipes: ReadonlyMap<number, Readable | Writable | Duplex>;
  readonly exited: Promise<{
    readonly code: number | undefined;
    readonly signal: NodeJS.Signals | undefined;
  }>;
  /** Let our event loop end while it runs. */
  unref(): void;
}

/** Programs, by name from a fixed PATH, with an argument array and never a shell. */
export interface Exec {
  /** Run to the end. @throws unsupported when the program is missing; internal with its stderr when it fails. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Start and return. */
  spawn(program: string, args: readonly string[], options: SpawnOptions): Promise<Spawned>;
  /** Absolute path of a program, `undefined` when it is not installed. */
  find(program: string): Promise<string | undefined>;
}
