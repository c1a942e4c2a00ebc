import type { BenchProgress } from '@strata/bench';
import type { Io } from '../io.ts';
import { LiveLines } from '../render/live-lines.ts';

const BAR = 24;
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

export function stepLine(event: Step): string {
  const filled = Math.round(BAR * event.done);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
  const what =
    event.step === 'prepare'
      ? 'preparing'
      : event.step === 0
        ? 'warming up'
        : `run ${event.step} of ${event.runs}`;
  const left = timeLeft(event.left);
  const percent = `${Math.floor(100 * event.done)}%`.padStart(4);
  return [
    `${bar}${percent}`,
    event.workload,
    `${event.subject}, ${what}`,
    ...(left === '' ? [] : [left]),
  ].join('  ');
}

/** A bar on a terminal, a line per workload elsewhere; on standard error, so that reports can be piped. */
export function watchBench(io: Io): BenchWatcher {
  if (!io.isTerminal(2) || io.env.TERM === 'dumb') {
    return {
      report: (event) => {
        if (event.kind === 'workload') io.err(`${event.title}: ${event.verdict}\n`);
      },
      stopping: () => io.err('Stopping: what was measured is kept\n'),
      [Symbol.dispose]: () => undefined,
    };
  }
  const lines = new LiveLines({
    write: (text) => io.err(text),
    size: () => io.windowSize(2) ?? { columns: 80, rows: 24 },
  });
  let last = 0;
  return {
    report: (event) => {
      if (event.kind === 'workload') return;
      const now = performance.now();
      if (now - last < FRAME_MS && event.step !== 'prepare') return;
      last = now;
      lines.draw([stepLine(event)]);
    },
    stopping: () => lines.draw(['Stopping: what was measured is kept …']),
    [Symbol.dispose]: () => lines.draw([]),
  };
}
