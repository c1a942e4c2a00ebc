import type { FileStat } from '@strata/core';
import { errnoOf } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_PATH,
  OPEN_DIRECTORY_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from './flags.ts';
import { Parents } from './parents.ts';
import { asBuffer, splitPath } from './paths.ts';
import { statAt } from './stat.ts';
import { isMissingCall, Walk } from './walk.ts';

/** How names are found beneath a held root; what is done with them is in {@link NativeTree}. */
export class RootedPaths implements Disposable {
  readonly path: string;
  protected readonly root: number;
  protected readonly parents: Parents;
  #closed = false;

  constructor(path: string) {
    this.path = path;
    this.root = native().open(AT_FDCWD, path, OPEN_DIRECTORY_PATH, 0);
    this.parents = new Parents(this.root);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.parents.forget();
    native().close(this.root);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Do something to the last component in its directory. Asked twice when the directory turns out to be stale. */
  protected at<T>(path: Uint8Array, action: (dirfd: number, name: Buffer) => T): T {
    const { parent, name } = splitPath(path);
    return this.#fresh(path, [parent], () => action(this.parents.open(parent), name));
  }

  protected pair(
    from: Uint8Array,
    to: Uint8Array,
    action: (a: number, b: Buffer, c: number, d: Buffer) => void,
  ): void {
    const source = splitPath(from);
    const target = splitPath(to);
    this.#fresh(from, [source.parent, target.parent], () =>
      action(this.parents.open(source.parent), source.name, this.parents.open(target.parent), target.name),
    );
  }

  #fresh<T>(path: Uint8Array, parents: readonly Buffer[], action: () => T): T {
    return this.named(path, () => {
      try {
        return action();
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' || !parents.some((parent) => this.parents.isStale(parent)))
          throw error;
        this.parents.forget();
        return action();
      }
    });
  }

  /** Another process may have replaced the directory we remember: then "no such file" is about the old one. */
  protected statIn(path: Uint8Array, dirfd: number, name: Buffer): FileStat | undefined {
    const stat = statAt(dirfd, name, AT_SYMLINK_NOFOLLOW);
    if (stat === undefined && this.parents.isStale(splitPath(path).parent))
      throw systemError('ENOENT', 'the directory is gone', 'stat');
    return stat;
  }

  protected openFollowed(path: Uint8Array): number {
    return this.named(path, () => {
      if (path.length > 0 && path.length < 4096) {
        try {
          return native().openIn(this.root, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        } catch (error) {
          if (!isMissingCall(error)) throw error;
        }
      }
      return Walk.resolve(this.root, path, 'any').fd;
    });
  }

  /** System errors say which path they are about, as Node's do. */
  protected named<T>(path: Uint8Array, action: () => T): T {
    if (this.#closed) throw systemError('EBADF', 'the tree is closed', 'tree', this.path);
    try {
      return action();
    } catch (error) {
      if (error instanceof Error && errnoOf(error) !== undefined && !('path' in error)) {
        const text = asBuffer(path).toString();
        error.message += ` '${text}'`;
        Object.assign(error, { path: text });
      }
      throw error;
    }
  }
}
