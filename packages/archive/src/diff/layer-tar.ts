import { closeSync } from 'node:fs';
import { type FileStat, StrataError, type Tree } from '@strata/core';
import { baseOf, joinPath, parentOf, pathBytes, type RawPath, rawPath, showPath } from '../path/raw-path.ts';
import type { TarHeader } from '../tar/encode-header.ts';
import { type TarMember, writeTar } from '../tar/write-tar.ts';
import type { Change } from './changes.ts';
import { imageXattrs, readFully } from './same-entry.ts';

const PIECE = 2 ** 20;

export interface LayerTarOptions {
  /** No file is newer than this (SOURCE_DATE_EPOCH); nanoseconds. */
  readonly maxMtimeNs?: bigint | undefined;
  /** Not a layer: names that start with `.wh.` are ordinary (`cp`, `export`). */
  readonly plain?: boolean;
}

type Present = Extract<Change, { stat: FileStat }>;

/**
 * The tar of a layer (OCI image-spec layer.md): deletions as whiteouts at the epoch, hard links by inode, sockets left
 * out, times to the nanosecond. The same changes of the same tree are the same bytes.
 *
 * @throws failed-precondition `LAYER_RESERVED_NAME` for a file called `.wh.…`; unavailable `FILE_CHANGED` when one shrinks
 *   while it is read
 */
export function layerTar(changes: Iterable<Change>, options: LayerTarOptions = {}): Generator<Buffer> {
  return writeTar(new LayerMembers(options).of(changes));
}

/** Turns changes into tar members. Unchanged names of an inode are written as soon as a changed one is (as containerd). */
class LayerMembers {
  readonly #options: LayerTarOptions;
  readonly #written = new Map<string, RawPath>();
  readonly #unchanged = new Map<string, Present[]>();
  readonly #directories = new Set<RawPath>();

  constructor(options: LayerTarOptions) {
    this.#options = options;
  }

  *of(changes: Iterable<Change>): Generator<TarMember> {
    for (const change of changes) {
      const path = rawPath(change.path);
      if (change.kind === 'D') yield { header: whiteout(path) };
      else if (change.stat.type !== 'socket') yield* this.#present(change, path);
    }
  }

  *#present(change: Present, path: RawPath): Generator<TarMember> {
    const { stat } = change;
    if (stat.type === 'directory') this.#directories.add(path);
    if (stat.type === 'directory' || stat.nlink < 2) {
      yield this.#member(change, path);
      return;
    }
    const inode = `${stat.device}:${stat.inode}`;
    const first = this.#written.get(inode);
    if (first !== undefined) {
      yield* this.#link(change, first);
    } else if (change.kind === 'U') {
      const waiting = this.#unchanged.get(inode);
      if (waiting === undefined) this.#unchanged.set(inode, [change]);
      else waiting.push(change);
    } else {
      this.#written.set(inode, path);
      yield this.#member(change, path);
      for (const other of this.#unchanged.get(inode) ?? []) yield* this.#link(other, path);
      this.#unchanged.delete(inode);
    }
  }

  /** Another name of an inode that is in the archive; its directories, when nothing announced them. */
  *#link(change: Present, target: RawPath): Generator<TarMember> {
    const path = rawPath(change.path);
    yield* this.#parents(change.tree, parentOf(path));
    const { header } = this.#member(change, path);
    yield { header: { ...header, type: 'hardlink', linkName: pathBytes(target), size: 0 } };
  }

  *#parents(tree: Tree, path: RawPath): Generator<TarMember> {
    if (path === '' || this.#directories.has(path)) return;
    yield* this.#parents(tree, parentOf(path));
    this.#directories.add(path);
    const stat = tree.lstat(pathBytes(path));
    if (stat !== undefined) yield this.#member({ kind: 'C', path: pathBytes(path), stat, tree }, path);
  }

  #member(change: Present, path: RawPath): TarMember {
    const { stat, tree } = change;
    const source = change.source ?? change.path;
    if (this.#options.plain !== true && baseOf(path).startsWith('.wh.')) throw reserved(path);
    const max = this.#options.maxMtimeNs;
    const header: TarHeader = {
      name: pathBytes(stat.type === 'directory' ? `${path}/` : path),
      type: stat.type === 'socket' ? 'file' : stat.type,
      ...(stat.type === 'symlink' ? { linkName: tree.readlink(source) } : {}),
      mode: stat.type === 'symlink' ? 0o777 : stat.mode,
      uid: stat.uid,
      gid: stat.gid,
      size: stat.type === 'file' ? stat.size : 0,
      mtimeNs: max !== undefined && stat.mtimeNs > max ? max : stat.mtimeNs,
      major: stat.major,
      minor: stat.minor,
      xattrs: imageXattrs(tree, source),
    };
    return stat.type === 'file' ? { header, body: content(tree, source, stat.size) } : { header };
  }
}

function whiteout(path: RawPath): TarHeader {
  const name = joinPath(parentOf(path), `.wh.${baseOf(path)}`);
  return { name: pathBytes(name), type: 'file', mode: 0, uid: 0, gid: 0, size: 0, mtimeNs: 0n };
}

function* content(tree: Tree, path: Uint8Array, size: number): Generator<Buffer> {
  const fd = tree.openRead(path);
  try {
    for (let left = size; left > 0; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, left));
      if (readFully(fd, piece) < piece.length) {
        throw new StrataError(
          'unavailable',
          'FILE_CHANGED',
          `${showPath(rawPath(path))} became shorter while it was read`,
          {
            hint: 'Pause or stop what writes to it, and try again.',
          },
        );
      }
      yield piece;
      left -= piece.length;
    }
  } finally {
    closeSync(fd);
  }
}

function reserved(path: RawPath): StrataError {
  return new StrataError(
    'failed-precondition',
    'LAYER_RESERVED_NAME',
    `A layer cannot hold ${showPath(path)}: names that start with '.wh.' mean deletions there`,
    {
      hint: 'Rename or remove it first.',
    },
  );
}
