/**
 * A block of lines at the bottom of a terminal, redrawn in place. Each frame is one write, each line is cleared only
 * behind its new text, and lines never wrap, so nothing flickers and a resize cannot leave remains above the block.
 */
export interface Screen {
  write(text: string): void;
  size(): { readonly columns: number; readonly rows: number };
}

export class LiveLines {
  readonly #screen: Screen;
  #drawn: readonly string[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Replace the block. Lines beyond the screen are left out, the oldest first. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = this.#screen.size();
    const fitting = lines
      .slice(-Math.max(1, rows - 1))
      .map((line) => [...line].slice(0, columns - 1).join(''));
    const up = this.#height(columns);
    const body = fitting.map((line) => `${line}\x1b[K\n`).join('');
    const below = this.#drawn.length > fitting.length ? '\x1b[J' : '';
    this.#screen.write(`${up > 0 ? `\x1b[${up}A\r` : ''}${body}${below}`);
    this.#drawn = fitting;
  }

  /** Put lines above the block for good. */
  above(lines: readonly string[]): void {
    const { columns } = this.#screen.size();
    const up = this.#height(columns);
    const kept = this.#drawn;
    this.#screen.write(`${up > 0 ? `\x1b[${up}A\r` : ''}\x1b[J${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawn = [];
    this.draw(kept);
  }

  /** Rows the block takes now: a terminal made narrower has wrapped what we drew. */
  #height(columns: number): number {
    return this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil([...line].length / columns)), 0);
  }
}
