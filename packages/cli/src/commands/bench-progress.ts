import type { BenchProgress } from '@strata/bench';
import type { Io } from '../io.ts';
import { LiveLines } from '../render/live-lines.ts';

/** The bar is as wide as the terminal leaves room for, beside percent and time left. */
const BAR = 40;
const BESIDE = 28;
const FRAME_MS = 100;

export interface BenchWatcher extends Disposable {
  readonly report: (event: BenchProgress) => void;
  /** Ctrl-C came. */
  stopping(): void;
}

type Step = Extract<BenchProgress, { kind: 'step' }>;

/** `3 min left`, rounded so that it does not flicker. */
export function timeLeft(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '';
  const seconds = milliseconds / 1000;
  if (seconds < 10) return 'a few seconds left';
  if (seconds < 90) return `${Math.round(seconds / 10) * 10} s left`;
  return `${Math.round(seconds / 60)} min left`;
}

/** Two lines, what changes most first: the end of a line may be cut off. */
export function stepLines(event: Step, columns: number): string[] {
  const width = Math.max(4, Math.min(BAR, columns - BESIDE));
  const filled = Math.round(width * event.done);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
  const what =
    event.step === 'prepare'
      ? 'preparing'
      : event.step === 0
        ? 'warming up'
        : `run ${event.step} of ${event.runs}`;
  const left = timeLeft(event.left);
  const percent = `${Math.floor(100 * event.done)}%`.padStart(4);
  return [
    `${bar}${percent}${left === '' ? '' : `  ${left}`}`,
    `${event.subject}, ${what}: ${event.workload}`,
  ];
}

const imageLine = (image: string): string =>
  image === 'synthetic' ? 'Making the synthetic image' : `Getting ${image}`;

/** A bar on a terminal, a line per workload elsewhere; on standard error, so that reports can be piped. */
export function watchBench(io: Io): BenchWatcher {
  if (!io.isTerminal(2) || io.env.TERM === 'dumb') {
    return {
      report: (event) => {
        if (event.kind === 'workload') io.err(`${event.title}: ${event.verdict}\n`);
        if (event.kind === 'image') io.err(`${imageLine(event.image)}\n`);
      },
      stopping: () => io.err('Stopping: what was measured is kept\n'),
      [Symbol.dispose]: () => undefined,
    };
  }
  const size = () => io.windowSize(2) ?? { columns: 80, rows: 24 };
  const lines = new LiveLines({ write: (text) => io.err(text), size });
  let last = 0;
  return {
    report: (event) => {
      if (event.kind === 'image') lines.draw([imageLine(event.image)]);
      if (event.kind !== 'step') return;
      const now = performance.now();
      if (now - last < FRAME_MS && event.step !== 'prepare') return;
      last = now;
      lines.draw(stepLines(event, size().columns));
    },
    stopping: () => lines.draw(['Stopping: what was measured is kept …']),
    [Symbol.dispose]: () => lines.draw([]),
  };
}
