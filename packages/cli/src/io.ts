import { fstatSync, writeSync } from 'node:fs';
import { loadNative } from './native.ts';

/** null(4), zero and their like: character devices that are no terminals. */
const MEMORY_DEVICES = 1;
const TIOCGWINSZ = 0x5413;

function mayBeTerminal(descriptor: number): boolean {
  try {
    const { rdev, mode } = fstatSync(descriptor);
    return (mode & 0o170000) === 0o020000 && rdev >> 8 !== MEMORY_DEVICES;
  } catch {
    return false;
  }
}

/**
 * Rows and columns by ioctl_tty(2); `undefined`: no terminal. Node's own way loads node:net, which costs milliseconds, and
 * makes a stream of the descriptor, which stays.
 */
function askSize(descriptor: number): Uint16Array | undefined {
  if (!mayBeTerminal(descriptor)) return undefined;
  const size = new Uint16Array(4);
  try {
    loadNative().ioctl(descriptor, TIOCGWINSZ, new Uint8Array(size.buffer));
    return size;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'NATIVE_MISSING';
    return missing && process.getBuiltinModule('node:tty').isatty(descriptor) ? size : undefined;
  }
}

function windowSize(descriptor: number): WindowSize | undefined {
  const [rows = 0, columns = 0] = askSize(descriptor) ?? [];
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** Standard streams for text. Synchronous: short, and nothing is lost at exit. Bulk bytes go through `terminal/`. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  out(text: string | Uint8Array): void;
  err(text: string | Uint8Array): void;
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  /** Columns of the terminal on standard error or output; COLUMNS wins; 80 when there is none. */
  columns(): number;
  /** Of the terminal on a descriptor; `undefined` when there is none, or it does not know. */
  windowSize(descriptor: 1 | 2): WindowSize | undefined;
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
  return (windowSize(2) ?? windowSize(1))?.columns ?? 80;
}

export function createIo(env: NodeJS.ProcessEnv): Io {
  return {
    env,
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    isTerminal: (descriptor) => askSize(descriptor) !== undefined,
    columns: () => terminalColumns(env),
    windowSize,
  };
}
