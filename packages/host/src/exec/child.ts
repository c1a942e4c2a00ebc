import type { Spawned } from '@strata/core';
import { native } from '../native.ts';
import { signalName } from './signals.ts';

const READABLE = 1;

/** A program that runs; `pidfd` is ours until `exitOf` has closed it. */
export interface Child {
  readonly pid: number;
  readonly pidfd: number;
}

export interface ChildRequest {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** setsid(2). */
  readonly session: boolean;
  /** Descriptor k of the child is the k-th of ours; -1 is /dev/null. At least three. */
  readonly descriptors: readonly number[];
}

let usable: boolean | undefined;

/** Whether the addon is built and the kernel has pidfd_open(2) (Linux 5.3); if not, Node starts programs its way. */
export function canStartDirectly(): boolean {
  usable ??= probe();
  return usable;
}

function probe(): boolean {
  try {
    native().close(native().pidfdOpen(process.pid));
    return true;
  } catch {
    return false;
  }
}

function block(strings: readonly string[]): Buffer {
  // A NUL inside would make two arguments of one.
  if (strings.some((text) => text.includes('\0'))) throw new TypeError('An argument contains a NUL byte');
  return Buffer.from(strings.map((text) => `${text}\0`).join(''));
}

/** Start at once. @throws the errno of chdir(2) or execve(2) */
export function startChild(request: ChildRequest): Child {
  const { path, args, env, cwd = null, session, descriptors } = request;
  const copies: number[] = [];
  // The child fills its descriptors from 0 up: one that stands in the way of another is moved out first.
  const safe = descriptors.map((fd, index) => {
    if (fd === -1 || fd === index || fd >= descriptors.length) return fd;
    copies.push(native().duplicate(fd, descriptors.length));
    return copies.at(-1) as number;
  });
  try {
    const environment = block(Object.entries(env).map(([name, value]) => `${name}=${value}`));
    const map = new Uint8Array(Int32Array.from(safe).buffer);
    const pid = native().spawn(path, block([path, ...args]), environment, cwd, map, session ? 1 : 0);
    return { pid, pidfd: native().pidfdOpen(pid) };
  } finally {
    for (const fd of copies) native().close(fd);
  }
}

/** Wait for the end, holding no thread. In the `background` this alone does not keep our event loop alive. */
export async function exitOf(child: Child, background = false): ReturnType<() => Spawned['exited']> {
  await native().poll(child.pidfd, READABLE, background);
  native().close(child.pidfd);
  // wait(2): the signal in the low seven bits, or the exit status above them.
  const status = native().wait(child.pid);
  const signal = status & 0x7f;
  return signal === 0
    ? { code: (status >> 8) & 0xff, signal: undefined }
    : { code: undefined, signal: signalName(signal) };
}

/** A pipe, or a pair of sockets for both directions. */
export function makeEnds(kind: 'pipe' | 'socketPair'): [first: number, second: number] {
  const ends = new Int32Array(2);
  native()[kind](new Uint8Array(ends.buffer));
  return [ends[0] as number, ends[1] as number];
}
