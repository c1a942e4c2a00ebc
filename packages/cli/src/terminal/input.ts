import type { AttachedStreams } from '@strata/core';
import { DetachMatcher } from './detach-keys.ts';

/** Our standard input, fed to a process until it or the process ends. */
export class InputPump {
  readonly #streams: AttachedStreams;
  readonly #matcher: DetachMatcher;
  readonly #raw: boolean;
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
      for await (const chunk of process.stdin) {
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
    process.stdin.destroy();
    if (!this.#raw) return;
    this.#restore();
    process.off('exit', this.#restore);
  }
}
