import { Socket } from 'node:net';
import type { Spawned, SpawnOptions } from '@strata/core';
import { native } from '../native.ts';
import { type Child, exitOf, makeEnds, startChild } from './child.ts';
import { scrubbedEnvironment } from './programs.ts';

/** Longer than any timer needs to be. */
const FOREVER = 2 ** 30;

/** Both ends of one entry: `ours` is undefined when there is none. */
interface Entry {
  readonly theirs: number;
  readonly ours: number | undefined;
}

/** Standard streams are pipes, as a program expects that opens /dev/stdout; above them go sockets, for both ways. */
function pipeFor(index: number): Entry {
  if (index > 2) {
    const [ours, theirs] = makeEnds('socketPair');
    return { ours, theirs };
  }
  const [read, write] = makeEnds('pipe');
  return index === 0 ? { theirs: read, ours: write } : { theirs: write, ours: read };
}

function entryFor(wanted: SpawnOptions['stdio'][number], index: number): Entry {
  if (wanted === 'pipe') return pipeFor(index);
  if (wanted === 'ignore') return { theirs: -1, ours: undefined };
  return { theirs: wanted === 'inherit' ? index : wanted, ours: undefined };
}

function closeAll(fds: readonly (number | undefined)[]): void {
  for (const fd of fds) if (fd !== undefined) native().close(fd);
}

function start(
  path: string,
  args: readonly string[],
  options: SpawnOptions,
  entries: readonly Entry[],
): Child {
  // What the child got of our ends is ours to close; -1 and the caller's own descriptors are not.
  const made = entries.filter(({ ours }) => ours !== undefined);
  try {
    return startChild({
      path,
      args,
      env: scrubbedEnvironment(options.env),
      cwd: options.cwd,
      session: options.detached ?? false,
      descriptors: entries.map(({ theirs }) => theirs),
    });
  } catch (error) {
    closeAll(made.map(({ ours }) => ours));
    throw error;
  } finally {
    closeAll(made.map(({ theirs }) => theirs));
  }
}

function streams(entries: readonly Entry[]): Map<number, Socket> {
  const pipes = new Map<number, Socket>();
  for (const [index, { ours: fd }] of entries.entries())
    if (fd !== undefined)
      pipes.set(index, new Socket({ fd, readable: index !== 0, writable: index === 0 || index > 2 }));
  return pipes;
}

/** Starts without a fork of our memory; `conmon` and the runtime begin here. */
export async function spawnDirectly(
  path: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<Spawned> {
  // A program without its three standard descriptors would open its files in their place.
  const wanted = [...options.stdio, ...(['ignore', 'ignore', 'ignore'] as const).slice(options.stdio.length)];
  const entries = wanted.map(entryFor);
  const child = start(path, args, options, entries);
  const pipes = streams(entries);
  // The wait itself cannot be let go of later, so a timer holds the loop in its place.
  const hold = setInterval(() => undefined, FOREVER);
  const exited = exitOf(child, true).finally(() => clearInterval(hold));
  const unref = () => {
    hold.unref();
    for (const pipe of pipes.values()) pipe.unref();
  };
  return { pid: child.pid, pipes, exited, unref };
}
