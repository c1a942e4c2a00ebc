import { constants } from 'node:fs';
import {
  errnoOf,
  type FileMeta,
  type FileStat,
  type FileWriter,
  type Tree,
  type TreeEntry,
} from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';
import { chmodAt } from './chmod.ts';
import { readEntries } from './entries.ts';
import { AT_EMPTY_PATH, AT_REMOVEDIR, O_PATH, OPEN_DIRECTORY } from './flags.ts';
import { asBuffer, HERE, join, splitPath } from './paths.ts';
import { openQuietly, readAll, reopenRegular } from './read.ts';
import { removeDirectory } from './remove.ts';
import { RootedPaths } from './rooted-paths.ts';
import { S_IF, statAt } from './stat.ts';
import { Walk } from './walk.ts';
import { TreeFileWriter } from './writer.ts';
import { readXattrs } from './xattrs.ts';

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const ITSELF = Buffer.alloc(0);

/** {@link Tree} over openat2(2) and the *at calls of the addon. */
export class NativeTree extends RootedPaths implements Tree {
  lstat(path: Uint8Array): FileStat | undefined {
    return this.#optional(() => this.at(path, (dirfd, name) => this.statIn(path, dirfd, name)));
  }

  stat(path: Uint8Array): FileStat | undefined {
    return this.#optional(() => {
      const fd = this.openFollowed(path);
      try {
        return statAt(fd, ITSELF, AT_EMPTY_PATH);
      } finally {
        native().close(fd);
      }
    });
  }

  readlink(path: Uint8Array): Buffer {
    return this.at(path, (dirfd, name) => native().readlink(dirfd, name));
  }

  readdir(path: Uint8Array): TreeEntry[] {
    return this.at(path, (dirfd, name) => {
      const fd = openQuietly((quiet) => native().open(dirfd, name, OPEN_DIRECTORY | quiet, 0));
      try {
        return readEntries(fd);
      } finally {
        native().close(fd);
      }
    });
  }

  realpath(path: Uint8Array): Buffer {
    const { names, fd } = this.named(path, () => Walk.resolve(this.root, path, 'any'));
    native().close(fd);
    return join(names);
  }

  mkdir(path: Uint8Array, meta?: FileMeta): void {
    this.at(path, (dirfd, name) => {
      native().mkdir(dirfd, name, 0o700);
      if (meta === undefined) chmodAt(dirfd, name, 0o755);
      else this.#describe(dirfd, name, meta);
    });
  }

  mknod(path: Uint8Array, type: keyof typeof S_IF, meta: FileMeta, major = 0, minor = 0): void {
    this.at(path, (dirfd, name) => {
      native().mknod(dirfd, name, S_IF[type] | 0o600, major, minor);
      this.#describe(dirfd, name, meta);
    });
  }

  symlink(target: Uint8Array, path: Uint8Array, meta: Omit<FileMeta, 'mode'>): void {
    this.at(path, (dirfd, name) => {
      native().symlink(target, dirfd, name);
      native().chown(dirfd, name, meta.uid, meta.gid);
      native().utimes(dirfd, name, meta.mtimeNs, meta.mtimeNs);
    });
  }

  link(existing: Uint8Array, path: Uint8Array): void {
    this.pair(existing, path, (from, name, to, newName) => native().link(from, name, to, newName));
  }

  unlink(path: Uint8Array): void {
    this.at(path, (dirfd, name) => native().unlink(dirfd, name, 0));
    this.parents.forgetLinks();
  }

  rmdir(path: Uint8Array): void {
    this.at(path, (dirfd, name) => native().unlink(dirfd, name, AT_REMOVEDIR));
    this.parents.forget();
  }

  remove(path: Uint8Array): void {
    const stat = this.lstat(path);
    if (stat === undefined) return;
    if (stat.type !== 'directory') {
      this.unlink(path);
      return;
    }
    try {
      for (const _ of this.removeSteps(path));
    } finally {
      this.parents.forget();
    }
  }

  /** As {@link remove} of a directory, step by step. The tree must not be used otherwise until it has ended. */
  *removeSteps(path: Uint8Array): Generator<void, void> {
    const { parent, name } = splitPath(path);
    if (name === HERE) throw systemError('EINVAL', 'the root cannot be removed', 'remove');
    yield* removeDirectory(this.parents.open(parent), name);
  }

  rename(from: Uint8Array, to: Uint8Array): void {
    this.pair(from, to, (dirfd, name, toDirfd, toName) => native().rename(dirfd, name, toDirfd, toName, 0));
    this.parents.forget();
  }

  writeFile(
    path: Uint8Array,
    content: Uint8Array,
    meta: FileMeta,
    xattrs?: ReadonlyMap<string, Uint8Array>,
  ): void {
    this.at(path, (dirfd, name) => {
      native().createFile(dirfd, name, content, meta.mode, meta.uid, meta.gid, meta.mtimeNs);
      if (xattrs !== undefined)
        for (const [attribute, value] of xattrs) native().setXattr(dirfd, name, attribute, value);
    });
  }

  createFile(path: Uint8Array): FileWriter {
    return new TreeFileWriter(this.at(path, (dirfd, name) => native().open(dirfd, name, NEW_FILE, 0o600)));
  }

  openRead(path: Uint8Array, options: { readonly follow?: boolean } = {}): number {
    const fd = options.follow
      ? this.openFollowed(path)
      : this.at(path, (dirfd, name) => native().open(dirfd, name, O_PATH | constants.O_NOFOLLOW, 0));
    return reopenRegular(fd, asBuffer(path).toString());
  }

  readFile(
    path: Uint8Array,
    options: { readonly maxBytes: number; readonly follow?: boolean },
  ): Buffer | undefined {
    const fd = this.#optional(() => this.openRead(path, options));
    return fd === undefined ? undefined : readAll(fd, options.maxBytes, asBuffer(path).toString());
  }

  chown(path: Uint8Array, uid: number, gid: number): void {
    this.at(path, (dirfd, name) => native().chown(dirfd, name, uid, gid));
  }

  chmod(path: Uint8Array, mode: number): void {
    this.at(path, (dirfd, name) => chmodAt(dirfd, name, mode));
  }

  utimes(path: Uint8Array, mtimeNs: bigint): void {
    this.at(path, (dirfd, name) => native().utimes(dirfd, name, mtimeNs, mtimeNs));
  }

  xattrs(path: Uint8Array): Map<string, Buffer> {
    return this.at(path, readXattrs);
  }

  setXattr(path: Uint8Array, name: string, value: Uint8Array): void {
    this.at(path, (dirfd, last) => native().setXattr(dirfd, last, name, value));
  }

  removeXattr(path: Uint8Array, name: string): void {
    this.at(path, (dirfd, last) => native().removeXattr(dirfd, last, name));
  }

  /** Owner before mode: chown clears setuid and setgid. */
  #describe(dirfd: number, name: Buffer, meta: FileMeta): void {
    native().chown(dirfd, name, meta.uid, meta.gid);
    chmodAt(dirfd, name, meta.mode);
    native().utimes(dirfd, name, meta.mtimeNs, meta.mtimeNs);
  }

  #optional<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  }
}
