import { errnoOf, type TreeEntry } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';
import { readEntries } from './entries.ts';
import {
  AT_EMPTY_PATH,
  OPEN_DIRECTORY,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from './flags.ts';
import { HERE, join } from './paths.ts';
import { openQuietly } from './read.ts';
import { mustStatAt } from './stat.ts';
import { isMissingCall, openPlain } from './walk.ts';

const RESOLVE = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
/** Frames this near the current one stay open; of those above, one in ANCHOR, to reopen the others from. */
const OPEN_FRAMES = 128;
const ANCHOR = 64;

interface Frame {
  readonly name: Buffer;
  readonly entries: TreeEntry[];
  fd: number;
}

/** Open a real directory on the same mount. @throws EXDEV at a mount point */
function openChild(dirfd: number, name: Uint8Array): number {
  try {
    return openQuietly((quiet) => native().openIn(dirfd, name, OPEN_DIRECTORY | quiet, RESOLVE));
  } catch (error) {
    if (!isMissingCall(error)) throw error;
  }
  const fd = openQuietly((quiet) => native().open(dirfd, name, OPEN_DIRECTORY | quiet, 0));
  if (mustStatAt(fd, '', AT_EMPTY_PATH).device === mustStatAt(dirfd, '', AT_EMPTY_PATH).device) return fd;
  native().close(fd);
  throw systemError('EXDEV', 'a filesystem is mounted here', 'openat', String(name));
}

/**
 * The directories from a start down to the current one, for walks of any depth: 10 000 levels must neither
 * exhaust descriptors nor need a path. Never follows a link or crosses a mount.
 */
export class DirStack implements Disposable {
  readonly #start: number;
  readonly #frames: Frame[] = [];

  /** `start`: a directory that the caller holds open. */
  constructor(start: number) {
    this.#start = start;
  }

  get depth(): number {
    return this.#frames.length;
  }

  /** Descriptor of the current directory. */
  get fd(): number {
    return this.#fdOf(this.#frames.length - 1);
  }

  /** Entries of the current directory still to visit; the caller pops them. */
  get entries(): TreeEntry[] {
    return this.#frames.at(-1)?.entries ?? [];
  }

  /** Path of a name in the current directory, from the start. */
  pathOf(name: Buffer): Buffer {
    return join([...this.#frames.map((frame) => frame.name).filter((part) => part !== HERE), name]);
  }

  /** Go down into `name` and read it. @throws EXDEV at a mount point, ENOTDIR or ELOOP when it is no directory */
  enter(name: Buffer): void {
    const fd = openChild(this.fd, name);
    try {
      this.#frames.push({ name, entries: readEntries(fd), fd });
    } catch (error) {
      native().close(fd);
      throw error;
    }
    const distant = this.#frames.length - OPEN_FRAMES;
    if (distant >= 0 && distant % ANCHOR !== 0) this.#close(this.#frames[distant]!);
  }

  /** Go up; the name of the directory just left. */
  leave(): Buffer {
    const frame = this.#frames.pop()!;
    this.#close(frame);
    return frame.name;
  }

  [Symbol.dispose](): void {
    while (this.#frames.length > 0) this.leave();
  }

  #fdOf(index: number): number {
    if (index < 0) return this.#start;
    const frame = this.#frames[index]!;
    if (frame.fd !== -1) return frame.fd;
    let anchor = index - 1;
    while (anchor >= 0 && this.#frames[anchor]!.fd === -1) anchor--;
    const names = this.#frames.slice(anchor + 1, index + 1).map(({ name }) => name);
    frame.fd = openPlain(anchor < 0 ? this.#start : this.#frames[anchor]!.fd, names);
    return frame.fd;
  }

  #close(frame: Frame): void {
    if (frame.fd !== -1) native().close(frame.fd);
    frame.fd = -1;
  }
}

/** Whether an error only says that a walk met a mount point. */
export function isMountPoint(error: unknown): boolean {
  return errnoOf(error) === 'EXDEV';
}
