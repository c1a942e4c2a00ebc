import { type FileHandle, open } from 'node:fs/promises';
import { Growth } from '@strata/archive';
import type { BlobWriter } from '@strata/core';

/** A blob that can be read while it arrives. It is not verified: what is made of it counts when the blob is in the store. */
export class ArrivingBlob implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #writer: BlobWriter;
  readonly #growth = new Growth();
  #length = 0;

  private constructor(file: FileHandle, writer: BlobWriter) {
    this.#file = file;
    this.#writer = writer;
  }

  /** Undefined when the store does not keep it in a file. */
  static async of(writer: BlobWriter): Promise<ArrivingBlob | undefined> {
    if (writer.partial === undefined) return undefined;
    const file = await open(writer.partial.path).catch(() => undefined);
    return file === undefined ? undefined : new ArrivingBlob(file, writer);
  }

  /** The file keeps no name: it is renamed when it is complete, perhaps before a thread opens it. */
  get path(): string {
    return `/proc/self/fd/${this.#file.fd}`;
  }

  get growth(): SharedArrayBuffer {
    return this.#growth.shared;
  }

  /** More was written. */
  grown(): void {
    const length = this.#writer.partial?.length ?? 0;
    // Taken back: a reader may have had bytes that are no part of the blob.
    if (length < this.#length) this.#growth.giveUp();
    else this.#growth.grown(length);
    this.#length = length;
  }

  arrived(size: number): void {
    this.#growth.end(size);
  }

  failed(): void {
    this.#growth.giveUp();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}
