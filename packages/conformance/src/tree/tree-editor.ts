/**
 * Changes a mounted tree the way programs in a container do: plain system calls by path through node:fs, and
 * `Tree` only for what Node has not (mknod, xattrs, nanosecond times). Paths are relative, text or raw bytes.
 */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Tree } from '@strata/core';

export type PathLike = string | Buffer;

export interface Attributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs?: bigint;
}

export class TreeEditor {
  readonly tree: Tree;
  readonly directory: string;

  constructor(tree: Tree, directory: string) {
    this.tree = tree;
    this.directory = directory;
  }

  at(path: PathLike): Buffer {
    return Buffer.concat([Buffer.from(`${this.directory}/`), Buffer.from(path)]);
  }

  file(path: PathLike, content: string | Uint8Array, attributes: Attributes = {}): void {
    writeFileSync(this.at(path), content);
    this.attributes(path, { mode: 0o644, ...attributes });
  }

  /** With its parents, as `mkdir -p`. */
  dir(path: PathLike, attributes: Attributes = {}): void {
    mkdirSync(this.at(path), { recursive: true });
    this.attributes(path, { mode: 0o755, ...attributes });
  }

  attributes(path: PathLike, { mode, uid, gid, mtimeNs }: Attributes): void {
    if (uid !== undefined || gid !== undefined) lchownSync(this.at(path), uid ?? 0, gid ?? 0);
    if (mode !== undefined) chmodSync(this.at(path), mode);
    if (mtimeNs !== undefined) this.tree.utimes(Buffer.from(path), mtimeNs);
  }

  chmod(path: PathLike, mode: number): void {
    chmodSync(this.at(path), mode);
  }

  chown(path: PathLike, uid: number, gid: number): void {
    lchownSync(this.at(path), uid, gid);
  }

  /** Overwrite bytes in place, which keeps the inode. */
  overwrite(path: PathLike, position: number, content: string): void {
    const fd = openSync(this.at(path), 'r+');
    try {
      writeSync(fd, content, position);
    } finally {
      closeSync(fd);
    }
  }

  append(path: PathLike, content: string): void {
    appendFileSync(this.at(path), content);
  }

  truncate(path: PathLike, length: number): void {
    truncateSync(this.at(path), length);
  }

  symlink(target: PathLike, path: PathLike): void {
    symlinkSync(Buffer.from(target), this.at(path));
  }

  link(existing: PathLike, path: PathLike): void {
    linkSync(this.at(existing), this.at(path));
  }

  rename(from: PathLike, to: PathLike): void {
    renameSync(this.at(from), this.at(to));
  }

  unlink(path: PathLike): void {
    unlinkSync(this.at(path));
  }

  /** As `rm -rf`. */
  removeAll(path: PathLike): void {
    rmSync(this.at(path), { recursive: true, force: true });
  }

  node(path: PathLike, type: 'fifo' | 'socket' | 'char' | 'block', major = 0, minor = 0): void {
    const meta = { mode: 0o640, uid: 3, gid: 4, mtimeNs: 1_111_111_111_111_111_111n };
    this.tree.mknod(Buffer.from(path), type, meta, major, minor);
  }

  xattr(path: PathLike, name: string, value: string | Buffer): void {
    this.tree.setXattr(Buffer.from(path), name, Buffer.from(value));
  }

  exists(path: PathLike): boolean {
    return existsSync(this.at(path));
  }

  read(path: PathLike): string {
    return readFileSync(this.at(path), 'latin1');
  }

  readlink(path: PathLike): string {
    return readlinkSync(this.at(path), 'latin1');
  }

  /** Sorted names, raw bytes as latin1. */
  names(path: PathLike = '.'): string[] {
    return readdirSync(this.at(path), 'latin1').sort();
  }

  lstat(path: PathLike) {
    return lstatSync(this.at(path), { bigint: true });
  }

  /** Permission bits, setuid, setgid and sticky. */
  mode(path: PathLike): number {
    return Number(this.lstat(path).mode) & 0o7777;
  }
}
