import { setImmediate } from 'node:timers/promises';
import { StrataError } from '@strata/core';

const SLICE_MS = 25;

/** Lets others run, and the caller cancel, in the middle of long synchronous work on trees. */
export class Pulse {
  readonly #signal: AbortSignal;
  #last = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Costs a look at the clock until a slice is over. */
  async beat(): Promise<void> {
    const now = performance.now();
    if (now - this.#last < SLICE_MS) return;
    await setImmediate();
    this.#last = performance.now();
    if (this.#signal.aborted)
      throw new StrataError('aborted', 'ABORTED', 'Cancelled; the container stays where it was');
  }
}
