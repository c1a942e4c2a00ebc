import type { Log } from '@strata/core';

/** A log that keeps what a driver warns of, for the report of the case in which it did; the rest is not kept. */
export class Warnings implements Log {
  readonly #kept: Set<string>;

  constructor(kept = new Set<string>()) {
    this.#kept = kept;
  }

  debug(): void {}

  info(): void {}

  warn(message: string, facts?: Readonly<Record<string, unknown>>): void {
    const cause = facts?.error instanceof Error ? `: ${facts.error.message}` : '';
    this.#kept.add(`${message}${cause}`.replaceAll(/\s+/g, ' '));
  }

  error(message: string, facts?: Readonly<Record<string, unknown>>): void {
    this.warn(message, facts);
  }

  child(): Log {
    return new Warnings(this.#kept);
  }

  /** Each once, and none of them again. */
  take(): string[] {
    const taken = [...this.#kept];
    this.#kept.clear();
    return taken;
  }
}
