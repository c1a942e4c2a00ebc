import { fstatSync, writeSync } from 'node:fs';

/** null(4), zero and their like: character devices that are no terminals. */
const MEMORY_DEVICES = 1;

/** node:tty loads node:net, which costs milliseconds: it is asked only about what may be a terminal. */
function isatty(descriptor: number): boolean {
  try {
    const { rdev, mode } = fstatSync(descriptor);
    if ((mode & 0o170000) !== 0o020000 || rdev >> 8 === MEMORY_DEVICES) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}

/** Standard streams for text. Synchronous: short, and nothing is lost at exit. Bulk bytes go through `terminal/`. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  out(text: string | Uint8Array): void;
  err(text: string | Uint8Array): void;
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  /** Columns of the terminal on standard error or output; COLUMNS wins; 80 when there is none. */
  columns(): number;
}

/** Write all of it, also to a pipe in non-blocking mode. */
function writeAll(descriptor: number, text: string | Uint8Array): void {
  let rest = typeof text === 'string' ? Buffer.from(text) : text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function terminalColumns(env: NodeJS.ProcessEnv): number {
  const forced = Number(env.COLUMNS);
  if (Number.isSafeInteger(forced) && forced > 0) return forced;
  if (isatty(2)) return process.stderr.columns || 80;
  return isatty(1) ? process.stdout.columns || 80 : 80;
}

export function createIo(env: NodeJS.ProcessEnv): Io {
  return {
    env,
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    isTerminal: (descriptor) => isatty(descriptor),
    columns: () => terminalColumns(env),
  };
}
