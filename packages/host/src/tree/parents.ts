import { constants } from 'node:fs';
import { errnoOf } from '@strata/core';
import { native } from '../native.ts';
import {
  AT_EMPTY_PATH,
  OPEN_DIRECTORY_PATH,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from './flags.ts';
import { asBuffer, components, isDotDot } from './paths.ts';
import { statAt } from './stat.ts';
import { isMissingCall, openPlain, Walk } from './walk.ts';

const PLAIN = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const IN_ROOT = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
const CACHED = 128;
const PATH_MAX = 4096;
const SLASH = 0x2f;

interface Entry {
  readonly fd: number;
  /** A symbolic link was followed on the way here, so changing a link may change the answer. */
  readonly viaLink: boolean;
}

/**
 * Directories by path, as open descriptors, so that the next file in the same directory costs no path walk.
 *
 * A descriptor cannot lead out of the root, however old it is; the question is only whether the path would still
 * lead to the same directory. Creating a name never changes an answer (all names on the way existed). Removing or
 * renaming a directory may change any: everything is forgotten. Removing a link changes only answers that
 * followed one. What other processes change is found when the descriptor's directory is gone (ENOENT): the
 * Tree then asks once more with `fresh`.
 */
export class Parents {
  readonly #root: number;
  readonly #entries = new Map<string, Entry>();
  #last: { readonly key: string; readonly entry: Entry } | undefined;
  #openat2 = true;

  constructor(root: number) {
    this.#root = root;
  }

  /** The directory a path leads to; the descriptor stays ours. */
  open(path: Uint8Array): number {
    if (path.length === 0) return this.#root;
    const bytes = asBuffer(path);
    const key = bytes.toString('latin1');
    const last = this.#last;
    if (last?.key === key) return last.entry.fd;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = this.#fromNeighbour(bytes) ?? this.#resolve(bytes);
      this.#keep(key, entry);
    } else {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    this.#last = { key, entry };
    return entry.fd;
  }

  /** A directory we hold was removed, by somebody else: its path may lead elsewhere now. */
  isStale(path: Uint8Array): boolean {
    const bytes = asBuffer(path);
    const entry = this.#entries.get(bytes.toString('latin1'));
    return entry !== undefined && statAt(entry.fd, '', AT_EMPTY_PATH)?.nlink === 0;
  }

  /** After a directory was removed or renamed, or replaced by anything. */
  forget(): void {
    for (const { fd } of this.#entries.values()) native().close(fd);
    this.#entries.clear();
    this.#last = undefined;
  }

  /** After something that was no directory, and so perhaps a link, was removed or replaced. */
  forgetLinks(): void {
    for (const [key, { fd, viaLink }] of this.#entries) {
      if (!viaLink) continue;
      native().close(fd);
      this.#entries.delete(key);
      if (this.#last?.key === key) this.#last = undefined;
    }
  }

  #keep(key: string, entry: Entry): void {
    if (this.#entries.size >= CACHED) {
      const [oldest, { fd }] = this.#entries.entries().next().value as [string, Entry];
      this.#entries.delete(oldest);
      native().close(fd);
    }
    this.#entries.set(key, entry);
  }

  /** One plain step down from a directory we hold: also what makes paths deeper than PATH_MAX cheap. */
  #fromNeighbour(path: Buffer): Entry | undefined {
    const slash = path.lastIndexOf(SLASH);
    const name = path.subarray(slash + 1);
    if (name.length === 0 || isDotDot(name)) return undefined;
    const parent =
      slash < 0 ? { fd: this.#root, viaLink: false } : this.#entries.get(path.toString('latin1', 0, slash));
    if (parent === undefined) return undefined;
    try {
      const fd = native().open(parent.fd, name, OPEN_DIRECTORY_PATH | constants.O_NOFOLLOW, 0);
      return { fd, viaLink: parent.viaLink };
    } catch {
      // A link, or the parent is stale: the full resolution gives the true answer or the true error.
      return undefined;
    }
  }

  #resolve(path: Buffer): Entry {
    if (path.length >= PATH_MAX) return this.#deep(path);
    if (!this.#openat2) return this.#walk(path);
    try {
      return { fd: native().openIn(this.#root, path, OPEN_DIRECTORY_PATH, PLAIN), viaLink: false };
    } catch (error) {
      // ELOOP: a link on the way. EXDEV: `..` at the root, which IN_ROOT stops there.
      if (isMissingCall(error)) this.#openat2 = false;
      else if (errnoOf(error) !== 'ELOOP' && errnoOf(error) !== 'EXDEV' && errnoOf(error) !== 'ENOTDIR')
        throw error;
    }
    if (!this.#openat2) return this.#walk(path);
    return { fd: native().openIn(this.#root, path, OPEN_DIRECTORY_PATH, IN_ROOT), viaLink: true };
  }

  /** Without links a long path is a few openat2 calls; with one it is walked. */
  #deep(path: Buffer): Entry {
    const names = components(path);
    if (names.some(isDotDot)) return this.#walk(path);
    try {
      return { fd: openPlain(this.#root, names), viaLink: false };
    } catch (error) {
      if (errnoOf(error) !== 'ELOOP' && errnoOf(error) !== 'ENOTDIR') throw error;
      return this.#walk(path);
    }
  }

  #walk(path: Buffer): Entry {
    return { fd: Walk.resolve(this.#root, path, 'directory').fd, viaLink: true };
  }
}
