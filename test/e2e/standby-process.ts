import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { InvokeOptions, Outcome, StrataHome } from '@strata/test-fixtures';
import { expect } from 'vitest';

const binary = resolve(import.meta.dirname, '../../packages/cli/bin/strata');

/** The standby processes of one test: a variable that is part of their key makes them its own. */
export class Standbys {
  readonly #home: StrataHome;
  readonly #mark = randomUUID();
  readonly env: Readonly<Record<string, string>>;

  constructor(home: StrataHome, seconds: number | '' = 30) {
    this.#home = home;
    this.env = { ...home.env, STRATA_STANDBY: String(seconds), LC_STRATA_TEST: this.#mark };
  }

  strata(args: readonly string[], options: InvokeOptions = {}): Promise<Outcome> {
    return this.#home.strata(args, { ...options, env: { ...options.env, ...this.env } });
  }

  /** A command that a signal is sent to. */
  start(args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
    return spawn(binary, args, {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  pids(): readonly number[] {
    return readdirSync('/proc').flatMap((name) =>
      /^\d+$/.test(name) && this.#is(name) ? [Number(name)] : [],
    );
  }

  /** One that waits. */
  async waiting(): Promise<number> {
    if (this.pids().length === 0) expect((await this.strata(['ps'])).code).toBe(0);
    await expect.poll(() => this.pids().length).toBe(1);
    const [pid = 0] = this.pids();
    await this.ready(pid);
    return pid;
  }

  /** It waits for the next; a command that comes before that starts a process of its own. */
  async ready(pid: number): Promise<void> {
    await expect.poll(() => this.pids().includes(pid) && listens(pid)).toBe(true);
  }

  #is(pid: string): boolean {
    try {
      return (
        /^strata standby|\/standby\.cjs\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1')) &&
        readFileSync(`/proc/${pid}/environ`, 'latin1').includes(this.#mark)
      );
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await expect
      .poll(() => {
        for (const pid of this.pids()) process.kill(pid, 'SIGKILL');
        return this.pids();
      })
      .toEqual([]);
  }
}

function listens(pid: number): boolean {
  const names = readFileSync('/proc/net/unix', 'latin1').split('\n');
  const open = links(pid);
  return names.some((line) => {
    const [, , , , , , inode, name = ''] = line.split(/\s+/);
    return /^\/run\/strata\/standby\/\w+-\d$/.test(name) && open.includes(`socket:[${inode}]`);
  });
}

export function links(pid: number): readonly string[] {
  const directory = `/proc/${pid}/fd`;
  return [...readdirSync(directory).map((fd) => `${directory}/${fd}`), `/proc/${pid}/cwd`].map((path) =>
    readlinkSync(path),
  );
}

/** Whose child a process is. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
