/** What a bench tells whoever watches it. */
export type BenchProgress =
  | {
      readonly kind: 'step';
      readonly workload: string;
      readonly subject: string;
      /** `prepare`, or the run about to start, from 1; 0 is the warm-up. */
      readonly step: 'prepare' | number;
      /** Runs planned for this workload. */
      readonly runs: number;
      /** 0–1. */
      readonly done: number;
      /** Milliseconds; undefined while nothing is known. */
      readonly left: number | undefined;
    }
  /** The image is being made or fetched, before anything is measured. */
  | { readonly kind: 'image'; readonly image: string }
  | { readonly kind: 'workload'; readonly title: string; readonly verdict: string };

export type ProgressReporter = (event: BenchProgress) => void;

/** Seconds for a driver's share of a workload, before anything was measured. */
const GUESS = 4;

/** How far the whole is, from what the parts before took. */
export class Clockwork {
  readonly #workloads: number;
  readonly #started = performance.now();
  #finished = 0;
  #inside = 0;

  constructor(workloads: number) {
    this.#workloads = Math.max(1, workloads);
  }

  /** `share` of the present workload is done. */
  at(share: number): { readonly done: number; readonly left: number | undefined } {
    this.#inside = Math.min(1, share);
    const done = (this.#finished + this.#inside) / this.#workloads;
    const spent = performance.now() - this.#started;
    if (done === 0) return { done, left: undefined };
    const byPace = (spent / done) * (1 - done);
    const byGuess = this.#workloads * (1 - done) * GUESS * 1000;
    // The first workloads say little about the others.
    const trust = Math.min(1, done * 3);
    return { done, left: trust * byPace + (1 - trust) * byGuess };
  }

  next(): void {
    this.#finished += 1;
    this.#inside = 0;
  }
}
