import { createHash, type Hash } from 'node:crypto';
import { chmod, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BlobInfo, BlobWriter, Digest, HeldLock } from '@strata/core';
import { notTheBytes } from './example-errors.ts';

export interface Ingest {
  readonly path: string;
  readonly lock: HeldLock;
  readonly digest: Digest | undefined;
  readonly size: number | undefined;
  /** Most bytes it may have. */
  readonly limit: number;
  /** Where a complete blob goes. */
  target(digest: Digest): string;
}

/** Appends to the ingest's file and hashes as bytes come; the lock makes it the only one, across processes. */
export class ExampleBlobWriter implements BlobWriter {
  readonly #ingest: Ingest;
  readonly #file: FileHandle;
  readonly #algorithm: string;
  #hash: Hash;
  #offset = 0;
  #open = true;

  private constructor(ingest: Ingest, file: FileHandle) {
    this.#ingest = ingest;
    this.#file = file;
    this.#algorithm = ingest.digest?.split(':')[0] ?? 'sha256';
    this.#hash = createHash(this.#algorithm);
  }

  /** Bytes an earlier attempt left are read back into the hash. */
  static async open(ingest: Ingest): Promise<ExampleBlobWriter> {
    const file = await open(ingest.path, 'a+', 0o600);
    const writer = new ExampleBlobWriter(ingest, file);
    for await (const chunk of file.createReadStream({ start: 0, autoClose: false })) {
      writer.#hash.update(chunk as Buffer);
      writer.#offset += (chunk as Buffer).length;
    }
    if (writer.#offset > ingest.limit) await writer.restart();
    return writer;
  }

  get offset(): number {
    return this.#offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#offset + chunk.byteLength > this.#ingest.limit) {
      await this.abort();
      throw notTheBytes(`more than ${this.#ingest.limit} bytes came`);
    }
    await this.#file.appendFile(chunk);
    this.#hash.update(chunk);
    this.#offset += chunk.byteLength;
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash(this.#algorithm);
    this.#offset = 0;
  }

  async commit(): Promise<BlobInfo> {
    const { digest, size, path, target } = this.#ingest;
    const actual = `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest;
    if ((size ?? this.#offset) !== this.#offset || (digest ?? actual) !== actual) {
      await this.abort();
      throw notTheBytes(`${this.#offset} bytes with digest ${actual} are not ${digest ?? `${size} bytes`}`);
    }
    // Durable before visible: the bytes, then the name, then the directory that has the name.
    await this.#file.datasync();
    await chmod(path, 0o400);
    await rename(path, target(actual));
    await syncDirectory(dirname(target(actual)));
    await this.close();
    return { digest: actual, size: this.#offset, created: new Date() };
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
    if (this.#ingest.digest === undefined) await rm(this.#ingest.path, { force: true });
    await this.#ingest.lock.release();
  }

  async abort(): Promise<void> {
    if (this.#open) await rm(this.#ingest.path, { force: true });
    await this.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  await directory.sync();
  await directory.close();
}
