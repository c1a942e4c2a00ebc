import type { RunOptions } from '@strata/core';
import { native } from '../native.ts';
import { type Child, exitOf, makeEnds, startChild } from './child.ts';
import { Collector, feed } from './collector.ts';
import { DEFAULT_TIMEOUT, MAX_OUTPUT, type Outcome } from './outcome.ts';
import { scrubbedEnvironment } from './programs.ts';

const SIGKILL = 9;
/** How long output may follow the end of a program whose own children still hold it, in milliseconds. */
const GRACE = 100;

/** Kills a program once, for the first reason that comes up. */
class Guard {
  reason: Outcome['stopped'];
  readonly #child: Child;
  readonly #undo: (() => void)[] = [];
  #left = MAX_OUTPUT;
  #running = true;

  constructor(child: Child, { signal, timeout = DEFAULT_TIMEOUT }: RunOptions) {
    this.#child = child;
    if (timeout > 0) {
      const timer = setTimeout(() => this.#stop('timeout'), timeout);
      this.#undo.push(() => clearTimeout(timer));
    }
    if (signal === undefined) return;
    const abort = () => this.#stop('aborted');
    signal.addEventListener('abort', abort, { once: true });
    this.#undo.push(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  }

  /** @throws nothing: whatever is above the limit ends the program instead */
  readonly room = (bytes: number): void => {
    this.#left -= bytes;
    if (this.#left < 0) this.#stop('output');
  };

  /** From here on the descriptor is closed, and may soon be another's. */
  end(): void {
    this.#running = false;
    for (const undo of this.#undo) undo();
  }

  #stop(reason: Outcome['stopped']): void {
    if (!this.#running || this.reason !== undefined) return;
    this.reason = reason;
    native().pidfdSendSignal(this.#child.pidfd, SIGKILL);
  }
}

interface Plumbing {
  /** For the child: standard input, output and error. */
  readonly theirs: [number, number, number];
  readonly input: number | undefined;
  readonly output: [number, number];
}

function plumb(withInput: boolean): Plumbing {
  const [inputForThem, input] = withInput ? makeEnds('pipe') : [-1, undefined];
  const [stdout, stdoutForThem] = makeEnds('pipe');
  const [stderr, stderrForThem] = makeEnds('pipe');
  return { theirs: [inputForThem, stdoutForThem, stderrForThem], input, output: [stdout, stderr] };
}

function start(path: string, args: readonly string[], options: RunOptions, pipes: Plumbing): Child {
  const { env, cwd } = options;
  try {
    return startChild({
      path,
      args,
      env: scrubbedEnvironment(env),
      cwd,
      session: false,
      descriptors: pipes.theirs,
    });
  } catch (error) {
    for (const fd of [...pipes.output, pipes.input]) if (fd !== undefined) native().close(fd);
    throw error;
  } finally {
    for (const fd of pipes.theirs) if (fd !== -1) native().close(fd);
  }
}

/** What a program wrote is in its pipes when it ends; a child of its own may keep them open for ever. */
async function finish(outputs: readonly Collector[]): Promise<void> {
  const open = outputs.filter((output) => !output.drain());
  if (open.length === 0) return;
  const { promise: grace, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, GRACE);
  await Promise.race([Promise.all(open.map(({ ended }) => ended)), grace]);
  clearTimeout(timer);
  for (const output of open) {
    output.drain();
    output.leave();
  }
}

/** Without streams and without a fork: the hot path of every `ip`, `nft` and runtime call. */
export async function runDirectly(
  path: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  const { input } = options;
  const pipes = plumb(input !== undefined);
  const child = start(path, args, options, pipes);
  const guard = new Guard(child, options);
  const outputs = pipes.output.map((fd) => new Collector(fd, guard.room));
  if (pipes.input !== undefined) void feed(pipes.input, Buffer.from(input ?? ''));
  const { code, signal } = await exitOf(child).finally(() => guard.end());
  await finish(outputs);
  const [stdout, stderr] = outputs.map(({ text }) => text) as [string, string];
  return { exitCode: code, signal, stdout, stderr, stopped: guard.reason };
}
