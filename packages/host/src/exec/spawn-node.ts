import { type ChildProcess, spawn as spawnChild } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Spawned, SpawnOptions } from '@strata/core';
import { scrubbedEnvironment } from './programs.ts';

/**
 * Node drains whatever nobody reads yet when the child exits, and throws it away: the answer of a program that
 * ended quickly would be lost. It finds the streams in `child.stdio`, so they are taken out of there.
 */
function takePipes(child: ChildProcess): Map<number, Readable | Writable | Duplex> {
  const pipes = new Map<number, Readable | Writable | Duplex>();
  for (const [fd, pipe] of child.stdio.entries()) if (pipe) pipes.set(fd, pipe);
  Object.assign(child, { stdio: [] });
  return pipes;
}

async function exitOf(child: ChildProcess): ReturnType<() => Spawned['exited']> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { code: code ?? undefined, signal: signal ?? undefined };
}

/** Let the loop end although the child and our ends of its pipes are open. */
function unref(child: ChildProcess, pipes: Spawned['pipes']): void {
  child.unref();
  for (const pipe of pipes.values()) if (pipe instanceof Socket) pipe.unref();
}

/** The portable way, by libuv's fork. */
export async function spawnWithNode(
  path: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<Spawned> {
  const child = spawnChild(path, [...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: scrubbedEnvironment(options.env),
    detached: options.detached ?? false,
    stdio: [...options.stdio],
    shell: false,
  });
  const exited = exitOf(child);
  const pipes = takePipes(child);
  try {
    // 'exit' cannot come before this: both are emitted by later turns of the loop.
    if (child.pid === undefined) await once(child, 'spawn');
  } catch (cause) {
    exited.catch(() => undefined);
    throw cause;
  }
  return { pid: child.pid as number, pipes, exited, unref: () => unref(child, pipes) };
}
