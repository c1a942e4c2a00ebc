import { monotonic } from '../clock.ts';
import { isBusy } from './errors.ts';

/** How long a lock is waited for in all. Longer than any honest transaction, which is milliseconds. */
export const BUSY_TIMEOUT = 30_000;

const cell = new Int32Array(new SharedArrayBuffer(4));

/**
 * SQLite's own busy handler does not cover everything: switching to WAL, recovery after a crash and a snapshot
 * that went stale return SQLITE_BUSY at once. Those are asked again, with a random pause so that waiters spread.
 */
export function retryBusy<T>(action: () => T): T {
  const deadline = monotonic() + BUSY_TIMEOUT;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return action();
    } catch (error) {
      if (!isBusy(error) || monotonic() > deadline) throw error;
      Atomics.wait(cell, 0, 0, pause * (0.5 + Math.random()));
    }
  }
}
