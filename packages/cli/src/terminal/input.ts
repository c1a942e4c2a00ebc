import { fstatSync, read } from 'node:fs';
import type { AttachedStreams } from '@strata/core';
import { DetachMatcher } from './detach-keys.ts';

/** Our standard input, fed to a process until it or the process ends. */
export class InputPump {
  readonly #streams: AttachedStreams;
  readonly #matcher: DetachMatcher;
  readonly #raw: boolean;
  #stopped = false;
  readonly #restore = (): void => {
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  };

  constructor(
    streams: AttachedStreams,
    options: { readonly raw: boolean; readonly detachKeys: readonly number[] },
  ) {
    this.#streams = streams;
    this.#raw = options.raw;
    this.#matcher = new DetachMatcher(options.raw ? options.detachKeys : []);
    if (!this.#raw) return;
    process.on('exit', this.#restore);
    process.stdin.setRawMode(true);
  }

  /** Resolves true when the user typed the detach keys, false at end of input. */
  async run(): Promise<boolean> {
    try {
      for await (const chunk of isFile() ? fileChunks(() => this.#stopped) : process.stdin) {
        const { data, detached } = this.#matcher.feed(chunk as Buffer);
        if (data.length > 0) await this.#streams.write(data);
        if (detached) return true;
      }
    } catch {
      // Our input broke, or the process stopped listening: both are the end of input.
    }
    this.#streams.endInput();
    return false;
  }

  stop(): void {
    this.#stopped = true;
    if (!isFile()) process.stdin.destroy();
    if (!this.#raw) return;
    this.#restore();
    process.off('exit', this.#restore);
  }
}

const CHUNK = 1 << 18;

function isFile(): boolean {
  return fstatSync(0).isFile();
}

/** A regular file never blocks, so one buffer and plain reads do; a stream would allocate for every 64 KiB. */
async function* fileChunks(stopped: () => boolean): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  while (!stopped()) {
    const length = await new Promise<number>((resolve, reject) => {
      read(0, buffer, 0, CHUNK, null, (error, count) => (error === null ? resolve(count) : reject(error)));
    });
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}
