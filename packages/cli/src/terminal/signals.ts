import { constants } from 'node:os';
import type { Session } from '@strata/engine';
import type { Io } from '../io.ts';
import { heard } from './hangups.ts';

const PROXIED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
];
const FORCE_AFTER = 3;

/** Pass our signals to the container. The third Ctrl-C or SIGTERM leaves anyway, as docker does. Returns the undo. */
export function proxySignals(session: Session, io: Io): () => void {
  let terminations = 0;
  const listeners = heard(PROXIED).map((name) => {
    const listener = (): void => {
      // It may have ended in this instant.
      session.kill(constants.signals[name]).catch(() => undefined);
      if (name !== 'SIGINT' && name !== 'SIGTERM') return;
      if (++terminations < FORCE_AFTER) return;
      io.err('\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n');
      process.exit(1);
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}

/**
 * Give the container's terminal our size, now and whenever it changes. `redraw`: one size too large first, so that a
 * shell or editor that was there before draws itself again. Returns the undo.
 */
export function followSize(session: Session, io: Io, redraw: boolean): () => void {
  if (!io.isTerminal(1)) return () => undefined;
  let last: Promise<unknown> = Promise.resolve();
  const resize = (extra: number): void => {
    const size = io.windowSize(1);
    if (size === undefined) return;
    const { columns, rows } = size;
    last = last
      .then(() => session.resize({ rows: rows + extra, columns: columns + extra }))
      .catch(() => undefined);
  };
  const changed = (): void => resize(0);
  if (redraw) resize(1);
  resize(0);
  process.on('SIGWINCH', changed);
  return () => process.off('SIGWINCH', changed);
}
