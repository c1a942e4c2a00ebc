import { constants } from 'node:fs';
import { errnoOf } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';
import {
  O_PATH,
  OPEN_DIRECTORY_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from './flags.ts';
import { components, HERE, isAbsolute, isDotDot, join } from './paths.ts';

/** As many as the kernel follows (MAXSYMLINKS, path_resolution(7)). */
const MAX_LINKS = 40;
/** A path given to the kernel must stay below PATH_MAX (4096). */
const CHUNK_BYTES = 4000;

/** openat2(2) is missing (before Linux 5.6), or a seccomp filter that does not know it refuses it. */
export function isMissingCall(error: unknown): boolean {
  return errnoOf(error) === 'ENOSYS' || errnoOf(error) === 'EPERM';
}

function openOne(dirfd: number, name: Uint8Array): number {
  return native().open(dirfd, name, OPEN_DIRECTORY_PATH | constants.O_NOFOLLOW, 0);
}

function openChunk(dirfd: number, chunk: Buffer[]): number {
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  try {
    return native().openIn(dirfd, join(chunk), OPEN_DIRECTORY_PATH, resolve);
  } catch (error) {
    if (!isMissingCall(error)) throw error;
  }
  let fd = openOne(dirfd, HERE);
  for (const name of chunk) {
    const next = replaceFd(fd, () => openOne(fd, name));
    fd = next;
  }
  return fd;
}

/** Close `fd` whether or not opening the next one works. */
function replaceFd(fd: number, open: () => number): number {
  try {
    return open();
  } finally {
    native().close(fd);
  }
}

/** As many names as fit one path, at least one. */
function chunkFrom(names: readonly Buffer[], start: number): Buffer[] {
  let bytes = 0;
  let end = start;
  while (end < names.length && (end === start || bytes + names[end]!.length < CHUNK_BYTES)) {
    bytes += names[end]!.length + 1;
    end++;
  }
  return names.slice(start, end);
}

/** Open a directory by plain names: no links, no `..`, any depth. The caller closes the result. */
export function openPlain(dirfd: number, names: readonly Buffer[]): number {
  if (names.length === 0) return openOne(dirfd, HERE);
  let fd = -1;
  for (let at = 0; at < names.length; ) {
    const chunk = chunkFrom(names, at);
    at += chunk.length;
    fd = fd === -1 ? openChunk(dirfd, chunk) : replaceFd(fd, () => openChunk(fd, chunk));
  }
  return fd;
}

function linkTarget(dirfd: number, name: Buffer): Buffer | undefined {
  try {
    return native().readlink(dirfd, name);
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return undefined;
    throw error;
  }
}

/**
 * Resolve a path inside the root one component at a time, as openat2(2) RESOLVE_IN_ROOT would: for kernels
 * without it, for paths longer than PATH_MAX, and to learn the real names. A directory is only ever entered with
 * O_NOFOLLOW, and `..` starts again from the root over names already resolved, so nothing leads out.
 */
export class Walk {
  readonly #root: number;
  readonly #names: Buffer[] = [];
  #pending: Buffer[];
  #fd: number;
  #links = 0;

  constructor(root: number, path: Uint8Array) {
    this.#root = root;
    this.#pending = components(path).reverse();
    this.#fd = openOne(root, HERE);
  }

  /** Names from the root, links resolved. With `last: 'any'` the last component may be something else than a directory. */
  static resolve(root: number, path: Uint8Array, last: 'any' | 'directory'): { names: Buffer[]; fd: number } {
    const walk = new Walk(root, path);
    try {
      while (walk.#pending.length > 0) walk.#step(last);
      return { names: walk.#names, fd: walk.#fd };
    } catch (error) {
      native().close(walk.#fd);
      throw error;
    }
  }

  #step(last: 'any' | 'directory'): void {
    const name = this.#pending.pop()!;
    if (isDotDot(name)) {
      this.#names.pop();
      this.#restart();
      return;
    }
    try {
      this.#enter(openOne(this.#fd, name), name);
    } catch (error) {
      if (errnoOf(error) !== 'ENOTDIR' && errnoOf(error) !== 'ELOOP') throw error;
      const target = linkTarget(this.#fd, name);
      if (target !== undefined) this.#follow(target);
      else if (last === 'any' && this.#pending.length === 0)
        this.#enter(native().open(this.#fd, name, O_PATH | constants.O_NOFOLLOW, 0), name);
      else throw error;
    }
  }

  #enter(fd: number, name: Buffer): void {
    native().close(this.#fd);
    this.#fd = fd;
    this.#names.push(name);
  }

  #follow(target: Buffer): void {
    if (++this.#links > MAX_LINKS) throw systemError('ELOOP', 'too many symbolic links encountered', 'walk');
    if (isAbsolute(target)) {
      this.#names.length = 0;
      this.#restart();
    }
    this.#pending.push(...components(target).reverse());
  }

  #restart(): void {
    const fd = openPlain(this.#root, this.#names);
    native().close(this.#fd);
    this.#fd = fd;
  }
}
