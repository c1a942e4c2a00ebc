import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type LogFile, openNext } from './log-files.ts';

/** Asked this often whether the container still runs; new output is told by inotify. */
const interval = 500;

/** Reads a log as it grows, over rotations, until the container has ended and everything is read. */
export class LogFollower {
  readonly #log: string;
  readonly #maxFiles: number;
  readonly #runs: () => Promise<boolean>;
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: () => void = () => undefined;

  constructor(log: string, maxFiles: number, runs: () => Promise<boolean>) {
    this.#log = log;
    this.#maxFiles = maxFiles;
    this.#runs = runs;
    this.#watcher = this.#watch();
  }

  close(): void {
    this.#watcher?.close();
  }

  async *read(first: LogFile | undefined, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const buffer = Buffer.alloc(64 * 1024);
    const opened: LogFile[] = [];
    let file = first;
    let position = from;
    let next: LogFile | undefined;
    let drained = false;
    try {
      // One more look after the end: conmon logs the last byte before it tells.
      for (let runs = true, more = true; !signal.aborted && (more || runs); ) {
        this.#changed = false;
        const bytes =
          file === undefined ? 0 : (await file.handle.read(buffer, 0, buffer.length, position)).bytesRead;
        if (bytes > 0) {
          position += bytes;
          yield buffer.subarray(0, bytes);
          continue;
        }
        next ??= await openNext(this.#log, this.#maxFiles, file);
        if (next !== undefined) {
          // What was written to the old file between our last look and the rename is read before we leave it.
          if (file !== undefined && !drained) {
            drained = true;
            continue;
          }
          opened.push(next);
          file = next;
          position = 0;
          next = undefined;
          drained = false;
          continue;
        }
        more = runs;
        runs = runs && (await this.#runs());
        if (runs) await this.#pause(signal);
      }
    } finally {
      if (next !== undefined) opened.push(next);
      await Promise.all(opened.map(({ handle }) => handle.close()));
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#changed || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, interval);
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
    this.#wake = () => undefined;
  }

  #watch(): FSWatcher | undefined {
    const name = basename(this.#log);
    try {
      const watcher = watch(dirname(this.#log), (_event, file) => {
        if (file !== null && !file.startsWith(name)) return;
        this.#changed = true;
        this.#wake();
      });
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      // Out of inotify instances: the interval alone.
      return undefined;
    }
  }
}
