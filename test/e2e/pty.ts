import { resolve } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import { expect } from 'vitest';

const binary = resolve(import.meta.dirname, '../../packages/cli/bin/strata');

/** A terminal with strata in it: type, and wait for what the screen shows. */
export class Terminal {
  readonly #pty: IPty;
  #screen = '';
  readonly exited: Promise<number>;

  constructor(args: string[], env: Record<string, string>) {
    this.#pty = spawn(binary, args, {
      cols: 90,
      rows: 30,
      env: { ...process.env, ...env, TERM: 'xterm' } as Record<string, string>,
    });
    this.#pty.onData((data) => {
      this.#screen += data;
    });
    this.exited = new Promise((done) => this.#pty.onExit(({ exitCode }) => done(exitCode)));
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows);
  }

  get screen(): string {
    return this.#screen;
  }

  async shows(text: string | RegExp): Promise<void> {
    await expect.poll(() => this.#screen).toMatch(text);
  }

  /** A shell at its prompt: a tty of our size, also of a new one; ends with the shell's code. */
  async behavesAsATty(): Promise<void> {
    await this.shows(/# /);
    this.type('tty; stty size; echo $TERM\n');
    await this.shows(/\/dev\/pts\/0\s+30 90\s+xterm/);
    this.resize(100, 40);
    await new Promise((done) => setTimeout(done, 300));
    this.type('stty size\n');
    await this.shows(/40 100/);
    this.type('exit 7\n');
    expect(await this.exited).toBe(7);
  }
}
