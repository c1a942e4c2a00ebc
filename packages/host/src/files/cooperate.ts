import { monotonic } from '../clock.ts';
import { throwIfAborted } from '../errors.ts';

/** Milliseconds of work between two turns of the event loop. */
const SLICE_MS = 8;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Drive a step-by-step walk on this thread while timers and I/O still get their turn. */
export async function cooperate<T>(steps: Iterator<void, T>, signal?: AbortSignal): Promise<T> {
  let until = monotonic() + SLICE_MS;
  try {
    for (let count = 1; ; count++) {
      const { done, value } = steps.next();
      if (done) return value;
      if (count % 32 !== 0 || monotonic() < until) continue;
      await turn();
      throwIfAborted(signal);
      until = monotonic() + SLICE_MS;
    }
  } finally {
    // Closes what the walk holds open when it is left early.
    steps.return?.();
  }
}
