import type { ProgressEvent, ProgressListener } from '@strata/core';
import type { Io } from '../io.ts';
import { familiarName, splitName } from '../views/familiar-name.ts';
import { type LayerEvent, layerLine, type ProgressVerb, shortId, statusWord } from './bar.ts';
import { LiveLines, type Screen } from './live-lines.ts';

export interface Progress extends Disposable {
  readonly listener: ProgressListener;
}

export interface ProgressOptions {
  readonly verb: ProgressVerb;
  readonly descriptor: 1 | 2;
  readonly quiet: boolean;
  /** One event per line. */
  readonly json: boolean;
}

const FRAME_MS = 80;

/** `git: Pulling from library/debian`, as docker says it. */
function noteOf(event: Exclude<ProgressEvent, { kind: 'layer' }>): string {
  if (event.kind === 'message') return event.text;
  if (event.kind === 'warning') return `WARNING: ${event.text}`;
  const { repository, tag, digest } = splitName(familiarName(event.reference));
  return `${tag ?? digest ?? event.digest}: Pulling from ${repository}`;
}

/** A line per change of state: for logs, pipes and dumb terminals. */
export class PlainProgress implements Progress {
  readonly #write: (text: string) => void;
  readonly #verb: ProgressVerb;
  readonly #last = new Map<string, string>();

  constructor(write: (text: string) => void, verb: ProgressVerb) {
    this.#write = write;
    this.#verb = verb;
  }

  readonly listener = (event: ProgressEvent): void => {
    if (event.kind !== 'layer') {
      this.#write(`${noteOf(event)}\n`);
      return;
    }
    if (this.#last.get(event.id) === event.status) return;
    this.#last.set(event.id, event.status);
    this.#write(`${shortId(event.id)}: ${statusWord(event.status, this.#verb)}\n`);
  };

  [Symbol.dispose](): void {}
}

/** A line per layer with its bar, redrawn at most every 80 ms. */
export class LiveProgress implements Progress {
  readonly #lines: LiveLines;
  readonly #screen: Screen;
  readonly #verb: ProgressVerb;
  readonly #layers = new Map<string, LayerEvent>();
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: Screen, verb: ProgressVerb) {
    this.#screen = screen;
    this.#lines = new LiveLines(screen);
    this.#verb = verb;
  }

  readonly listener = (event: ProgressEvent): void => {
    if (event.kind !== 'layer') {
      this.#lines.above([noteOf(event)]);
      return;
    }
    this.#layers.set(event.id, event);
    this.#timer ??= setTimeout(() => this.#frame(), FRAME_MS);
  };

  #frame(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { columns } = this.#screen.size();
    this.#lines.draw([...this.#layers.values()].map((event) => layerLine(event, this.#verb, columns)));
  }

  [Symbol.dispose](): void {
    if (this.#timer !== undefined) this.#frame();
  }
}

const silent: Progress = { listener: () => undefined, [Symbol.dispose]: () => undefined };

function screenOf(io: Io, descriptor: 1 | 2): Screen {
  return {
    write: (text) => (descriptor === 1 ? io.out(text) : io.err(text)),
    size: () => {
      const { columns, rows } = io.windowSize(descriptor) ?? { columns: 80, rows: 24 };
      const forced = Number(io.env.COLUMNS);
      return { columns: forced > 0 ? Math.min(forced, columns) : columns, rows };
    },
  };
}

export function createProgress(io: Io, options: ProgressOptions): Progress {
  if (options.quiet) return silent;
  const write = (text: string): void => (options.descriptor === 1 ? io.out(text) : io.err(text));
  if (options.json) {
    return { listener: (event) => write(`${JSON.stringify(event)}\n`), [Symbol.dispose]: () => undefined };
  }
  const movable = io.isTerminal(options.descriptor) && io.env.TERM !== 'dumb';
  return movable
    ? new LiveProgress(screenOf(io, options.descriptor), options.verb)
    : new PlainProgress(write, options.verb);
}
