import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import type { BlobInfo, BlobWriter, Digest, HeldLock } from '@strata/core';
import { digestMismatch, sizeMismatch, storageError, writerClosed } from './local-errors.ts';
import type { LocalIndex } from './local-index.ts';
import { type LocalLayout, syncDirectory } from './local-layout.ts';

const bufferBytes = 1 << 20;

export interface Ingest {
  readonly layout: LocalLayout;
  readonly index: LocalIndex;
  readonly lock: HeldLock;
  readonly name: string;
  readonly digest: Digest | undefined;
  /** Expected bytes, if known; `limit` otherwise bounds them. */
  readonly size: number | undefined;
  readonly limit: number;
}

/**
 * Writes one ingest: hashes as bytes come, collects them into 1 MiB writes, and lets one write run while the next
 * buffer fills.
 */
export class LocalBlobWriter implements BlobWriter {
  readonly #ingest: Ingest;
  readonly #file: FileHandle;
  readonly #algorithm: 'sha256' | 'sha512';
  #hash: Hash;
  /** Bytes taken, and of those on their way to the file. */
  #length = 0;
  #flushed = 0;
  /** Bytes that are in the file. */
  #written = 0;
  #filling = Buffer.allocUnsafeSlow(bufferBytes);
  #spare = Buffer.allocUnsafeSlow(bufferBytes);
  #fill = 0;
  #pending: Promise<void> = Promise.resolve();
  #open = true;

  private constructor(ingest: Ingest, file: FileHandle) {
    this.#ingest = ingest;
    this.#file = file;
    this.#algorithm = ingest.digest?.startsWith('sha512:') === true ? 'sha512' : 'sha256';
    this.#hash = createHash(this.#algorithm);
  }

  /** Open an ingest whose lock is held; bytes an earlier attempt left are read back into the hash. */
  static async open(ingest: Ingest): Promise<LocalBlobWriter> {
    const path = ingest.layout.ingest(ingest.name);
    const file = await open(path, 'r+').catch(() => open(path, 'wx+', 0o600));
    const writer = new LocalBlobWriter(ingest, file);
    try {
      await writer.#resume();
      return writer;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get offset(): number {
    return this.#length;
  }

  get partial(): { readonly path: string; readonly length: number } {
    return { path: this.#path, length: this.#written };
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (!this.#open) throw writerClosed();
    const { limit, digest } = this.#ingest;
    if (this.#length + chunk.byteLength > limit) {
      await this.abort();
      throw sizeMismatch(limit, 'more', digest);
    }
    this.#hash.update(chunk);
    this.#length += chunk.byteLength;
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + bufferBytes - this.#fill);
      this.#filling.set(part, this.#fill);
      this.#fill += part.byteLength;
      at += part.byteLength;
      if (this.#fill === bufferBytes) await this.#flush();
    }
  }

  async restart(): Promise<void> {
    if (!this.#open) throw writerClosed();
    await this.#settled();
    await this.#file.truncate(0);
    this.#hash = createHash(this.#algorithm);
    this.#length = 0;
    this.#flushed = 0;
    this.#written = 0;
    this.#fill = 0;
  }

  async commit(): Promise<BlobInfo> {
    if (!this.#open) throw writerClosed();
    const { size, digest } = this.#ingest;
    if (size !== undefined && size !== this.#length) {
      const error = sizeMismatch(size, String(this.#length), digest);
      await this.abort();
      throw error;
    }
    const actual = `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest;
    if (digest !== undefined && digest !== actual) {
      await this.abort();
      throw digestMismatch(digest, actual);
    }
    return await this.#publish({ digest: actual, size: this.#length, created: new Date() });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    if (this.#ingest.digest === undefined || this.#length === 0) return await this.abort();
    await this.#flush().catch(() => undefined);
    await this.#settled().catch(() => undefined);
    await this.#letGo();
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    await this.#settled().catch(() => undefined);
    await rm(this.#path, { force: true });
    await this.#letGo();
    await this.#dropPrivateLock();
  }

  get #path(): string {
    return this.#ingest.layout.ingest(this.#ingest.name);
  }

  async #resume(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size > this.#ingest.limit) return await this.#file.truncate(0);
    while (this.#length < size) {
      const { bytesRead } = await this.#file.read(this.#filling, 0, bufferBytes, this.#length);
      if (bytesRead === 0) break;
      this.#hash.update(this.#filling.subarray(0, bytesRead));
      this.#length += bytesRead;
    }
    this.#flushed = this.#length;
    this.#written = this.#length;
  }

  /** Start writing the full buffer once the previous write is done. A failed write drops the ingest. */
  async #flush(): Promise<void> {
    await this.#settled();
    if (this.#fill === 0) return;
    const [buffer, length, position] = [this.#filling, this.#fill, this.#flushed];
    this.#filling = this.#spare;
    this.#spare = buffer;
    this.#fill = 0;
    this.#flushed += length;
    this.#pending = writeFully(this.#file, buffer.subarray(0, length), position).then(() => {
      this.#written = position + length;
    });
    // The error is raised by the next #settled(); until then it must not count as unhandled.
    this.#pending.catch(() => undefined);
  }

  async #settled(): Promise<void> {
    try {
      await this.#pending;
    } catch (error) {
      this.#pending = Promise.resolve();
      await this.abort();
      throw storageError(error, this.#ingest.layout.root);
    }
  }

  async #publish(blob: BlobInfo): Promise<BlobInfo> {
    const { layout, index } = this.#ingest;
    try {
      await this.#flush();
      await this.#settled();
      await this.#file.datasync();
      await this.#file.chmod(0o400);
      await rename(this.#path, layout.blob(blob.digest));
      await syncDirectory(layout.blobDirectory(blob.digest));
      index.addBlob(blob);
      await rm(layout.ingestLock(this.#ingest.name), { force: true });
    } catch (error) {
      await this.abort();
      throw storageError(error, layout.root);
    }
    await this.#letGo();
    return blob;
  }

  async #letGo(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
    await this.#ingest.lock.release();
  }

  /** Nobody waits for a random name. */
  async #dropPrivateLock(): Promise<void> {
    if (this.#ingest.digest === undefined)
      await rm(this.#ingest.layout.ingestLock(this.#ingest.name), { force: true });
  }
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
