import { ftruncateSync, writeSync } from 'node:fs';
import type { FileMeta, FileWriter } from '@strata/core';
import { systemError } from '../errors.ts';
import { native } from '../native.ts';

type Xattrs = ReadonlyMap<string, Uint8Array>;
/** Runs of holes at the end are made by truncating: a hole needs no write after it. */
export class TreeFileWriter implements FileWriter {
  #fd: number;
  #position = 0;
  #pendingHole = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const written = writeSync(this.#open(), chunk, at, chunk.length - at, this.#position);
      at += written;
      this.#position += written;
    }
    if (chunk.length > 0) this.#pendingHole = false;
  }

  hole(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw systemError('EINVAL', 'a hole needs a size', 'hole');
    this.#position += bytes;
    this.#pendingHole ||= bytes > 0;
  }

  finish(meta: FileMeta, xattrs?: Xattrs): void {
    const fd = this.#open();
    if (this.#pendingHole) ftruncateSync(fd, this.#position);
    native().finishFile(fd, meta.mode, meta.uid, meta.gid, meta.mtimeNs);
    // After chown, which drops security.capability; attributes do not touch mtime.
    if (xattrs !== undefined) for (const [name, value] of xattrs) native().setXattr(fd, '', name, value);
    this.abort();
  }

  abort(): void {
    if (this.#fd === -1) return;
    native().close(this.#fd);
    this.#fd = -1;
  }

  #open(): number {
    if (this.#fd === -1) throw systemError('EBADF', 'the file is closed', 'write');
    return this.#fd;
  }
}
