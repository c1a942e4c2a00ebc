import { existsSync, readdirSync, readFileSync, readlinkSync, watch } from 'node:fs';
import { loadNative } from '../native.ts';

/** Above, what was freed goes back to the kernel; a command that moves much leaves 30 to 50 MB of that. */
const LARGE_BYTES = 96 << 20;
/** Resident, with Node's own pages. What a pull of hundreds of MB leaves is less, and the next one wants a warm process too. */
const MOST_BYTES = 192 << 20;
const MOST_TURNS = 8;

/** What commands leave in their process. One for the life of a process, made before the first. */
export class Remains {
  #stdinUsed = false;
  readonly #open = openFiles();
  readonly #listeners = countListeners();

  private constructor() {
    this.#watchStdin();
  }

  static async watch(): Promise<Remains> {
    // Descriptors that the event loop makes when it first needs them and keeps.
    process.on('SIGWINCH', ignore).off('SIGWINCH', ignore);
    watch('/proc/self').close();
    // Node makes these once. Now, while they are /dev/null, they become plain writes to 1 and 2, whatever these are by then.
    void [process.stdout, process.stderr];
    await turn();
    return new Remains();
  }

  /** Monitors of containers, which end while nobody reads of it here. */
  get monitors(): boolean {
    return children().length > 0;
  }

  /** Files, children, handles, listeners, a stream of what standard input was then, or a large heap. */
  async left(connection: number): Promise<readonly string[]> {
    // What was closed is gone a few turns later.
    for (let turns = 1; ; turns++) {
      await turn();
      const left = this.#now(connection);
      if (left.length === 0 || turns === MOST_TURNS) return left;
    }
  }

  #now(connection: number): readonly string[] {
    const found = {
      stdin: this.#stdinUsed,
      files: openFiles(connection) !== this.#open,
      children: !children().every(isMonitor),
      handles: process.getActiveResourcesInfo().length > 0,
      listeners: countListeners() !== this.#listeners,
      memory: residentBytes() > MOST_BYTES,
    };
    return Object.entries(found).flatMap(([name, is]) => (is ? [name] : []));
  }

  #watchStdin(): void {
    const property = Object.getOwnPropertyDescriptor(process, 'stdin');
    Object.defineProperty(process, 'stdin', {
      ...property,
      get: () => {
        this.#stdinUsed = true;
        return property?.get?.call(process);
      },
    });
  }
}

function residentBytes(): number {
  const bytes = process.memoryUsage.rss();
  if (bytes < LARGE_BYTES) return bytes;
  loadNative().trim();
  return process.memoryUsage.rss();
}

/** One whole turn of the event loop, with what it closes at its end. */
export async function turn(): Promise<void> {
  for (let half = 0; half < 2; half++) await new Promise((resolve) => setImmediate(resolve));
}

const ignore = (): void => undefined;

/**
 * Above standard error, and without those of /dev/null, which libuv keeps for when there are too many, and of processes,
 * which are counted as children.
 */
function openFiles(connection?: number): string {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    if (Number(fd) <= 2 || Number(fd) === connection) return '';
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one by which the directory was read.
      return '';
    }
  });
  return links.filter((link) => !['', '/dev/null', 'anon_inode:[pidfd]'].includes(link)).join();
}

function countListeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/** Children that run or wait to be reaped. */
export function children(): readonly string[] {
  for (;;) {
    try {
      return readdirSync('/proc/self/task').flatMap((thread) =>
        readFileSync(`/proc/self/task/${thread}/children`, 'latin1').split(' ').filter(Boolean),
      );
    } catch (error) {
      // A thread that ends meanwhile hands its children to another, so all are asked again. Kernels can be without the file.
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ESRCH') || !existsSync('/proc/thread-self/children')) throw error;
    }
  }
}

/** A monitor outlives its command: it leads a session (proc_pid_stat(5), field 6). */
function isMonitor(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[4] === pid;
  } catch {
    return true;
  }
}
