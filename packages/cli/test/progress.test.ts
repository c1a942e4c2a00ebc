import type { LayerProgress, ProgressEvent } from '@strata/core';
import { describe, expect, it } from 'vitest';
import { stepLines } from '../src/commands/bench-progress.ts';
import { layerLine, progressBar } from '../src/render/bar.ts';
import { LiveLines } from '../src/render/live-lines.ts';
import { LiveProgress, PlainProgress } from '../src/render/progress.ts';

const layer = (id: string, status: LayerProgress, current = 0, total = 0) =>
  ({ kind: 'layer', id, status, current, total }) as const;

/** What a terminal shows after these bytes: enough of ECMA-48 for what we send. */
class Terminal {
  readonly rows: string[] = [''];
  #row = 0;
  #column = 0;
  frames = 0;
  columns: number;

  constructor(columns: number) {
    this.columns = columns;
  }

  readonly size = () => ({ columns: this.columns, rows: 24 });

  readonly write = (text: string): void => {
    this.frames++;
    for (const [piece] of text.matchAll(/\x1b\[(\d*)([AKJ])|\r|\n|[^\x1b\r\n]+/g)) this.#apply(piece);
  };

  #apply(piece: string): void {
    const [, count, code] = /^\x1b\[(\d*)([AKJ])$/.exec(piece) ?? [];
    if (code === 'A') this.#row -= Number(count);
    else if (code === 'K') this.rows[this.#row] = this.rows[this.#row]!.slice(0, this.#column);
    else if (code === 'J') {
      this.rows.length = this.#row + 1;
      this.rows[this.#row] = this.rows[this.#row]!.slice(0, this.#column);
    } else if (piece === '\r') this.#column = 0;
    else if (piece === '\n') {
      this.#row++;
      this.#column = 0;
      this.rows[this.#row] ??= '';
    } else {
      const line = this.rows[this.#row]!;
      this.rows[this.#row] = line.slice(0, this.#column) + piece + line.slice(this.#column + piece.length);
      this.#column += piece.length;
    }
  }
}

describe('bars', () => {
  it('look like docker', () => {
    expect(progressBar(5e6, 10e6, 120)).toBe(`[${'='.repeat(25)}>${' '.repeat(24)}]  5MB/10MB`);
    expect(progressBar(10, 10, 120)).toBe(`[${'='.repeat(50)}]  10B/10B`);
    expect(progressBar(0, 10, 120)).toBe(`[>${' '.repeat(49)}]  0B/10B`);
    expect(progressBar(7, 0, 120)).toBe('7B');
    expect(progressBar(1, 2, 40)).toBe('1B/2B');
    expect(layerLine(layer(`sha256:${'a'.repeat(64)}`, 'exists'), 'push', 80)).toBe(
      'aaaaaaaaaaaa: Layer already exists',
    );
    expect(layerLine(layer('sha256:abc', 'downloading', 1, 2), 'pull', 20)).toHaveLength(19);
  });
});

describe('LiveLines', () => {
  it('redraws in place, in one write per frame, and clears what became shorter', () => {
    const terminal = new Terminal(80);
    const lines = new LiveLines(terminal);
    lines.draw(['one long line', 'two']);
    lines.draw(['one', 'two', 'three']);
    expect(terminal.rows).toEqual(['one', 'two', 'three', '']);
    lines.draw(['only']);
    expect(terminal.rows).toEqual(['only', '']);
    expect(terminal.frames).toBe(3);
  });

  it('keeps notes above the block', () => {
    const terminal = new Terminal(80);
    const lines = new LiveLines(terminal);
    lines.draw(['bar']);
    lines.above(['note']);
    lines.draw(['bar!']);
    expect(terminal.rows).toEqual(['note', 'bar!', '']);
  });

  it('never wraps, and climbs over what a narrower terminal has wrapped', () => {
    const written: string[] = [];
    let columns = 20;
    const lines = new LiveLines({ write: (text) => written.push(text), size: () => ({ columns, rows: 24 }) });
    lines.draw(['x'.repeat(30)]);
    expect(written[0]).toBe(`${'x'.repeat(19)}\x1b[K\n`);
    columns = 10;
    lines.draw(['y']);
    expect(written[1]).toBe('\x1b[2A\ry\x1b[K\n');
  });

  it('shows the newest lines when there are more than fit', () => {
    const terminal = new Terminal(80);
    new LiveLines({ write: terminal.write, size: () => ({ columns: 80, rows: 3 }) }).draw([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect(terminal.rows).toEqual(['c', 'd', '']);
  });
});

const story: ProgressEvent[] = [
  { kind: 'message', text: 'Pulling debian:12' },
  layer('sha256:aaaaaaaaaaaaaaaa', 'downloading', 1, 10),
  layer('sha256:bbbbbbbbbbbbbbbb', 'exists'),
  layer('sha256:aaaaaaaaaaaaaaaa', 'downloading', 9, 10),
  layer('sha256:aaaaaaaaaaaaaaaa', 'unpacking', 5, 10),
  layer('sha256:aaaaaaaaaaaaaaaa', 'complete', 10, 10),
];

describe('progress', () => {
  it('is a line per change of state off a terminal', () => {
    let text = '';
    const progress = new PlainProgress((more) => {
      text += more;
    }, 'pull');
    for (const event of story) progress.listener(event);
    expect(text).toBe(
      'Pulling debian:12\naaaaaaaaaaaa: Downloading\nbbbbbbbbbbbb: Already exists\naaaaaaaaaaaa: Extracting\naaaaaaaaaaaa: Pull complete\n',
    );
  });

  it('is a block of bars on one, with the last state drawn at the end', () => {
    const terminal = new Terminal(120);
    {
      using progress = new LiveProgress(terminal, 'pull');
      for (const event of story) progress.listener(event);
    }
    expect(terminal.rows).toEqual([
      'Pulling debian:12',
      'aaaaaaaaaaaa: Pull complete',
      'bbbbbbbbbbbb: Already exists',
      '',
    ]);
  });
});

describe('the progress of a bench', () => {
  const step = {
    kind: 'step',
    workload: 'Start a container and wait for its end',
    subject: 'overlay',
    step: 3,
    runs: 9,
    done: 0.5,
    left: 180_000,
  } as const;

  it.each([40, 80, 200])('shows bar, time left and run on a terminal of %d columns', (columns) => {
    const terminal = new Terminal(columns);
    new LiveLines(terminal).draw(stepLines(step, columns));
    const shown = terminal.rows.join('\n');
    expect(shown).toMatch(/█░+ +50% {2}3 min left\noverlay, run 3 of 9: Start/);
  });
});
