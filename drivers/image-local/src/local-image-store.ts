import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import type {
  BlobInfo,
  BlobWriter,
  Descriptor,
  Digest,
  DriverContext,
  ImageReference,
  ImageStore,
  IngestInfo,
  IngestRequest,
} from '@strata/core';
import { errnoOf, StrataError } from '@strata/core';
import { LocalBlobWriter } from './local-blob-writer.ts';
import { blobNotFound, digestMismatch, storageError } from './local-errors.ts';
import { LocalIndex } from './local-index.ts';
import { listIngests, pruneIngests } from './local-ingests.ts';
import { LocalLayout } from './local-layout.ts';

const pageSize = 500;

export class LocalImageStore implements ImageStore {
  readonly #context: Pick<DriverContext, 'host' | 'log'>;
  readonly #layout: LocalLayout;
  readonly #index: LocalIndex;

  private constructor(context: Pick<DriverContext, 'host' | 'log'>, layout: LocalLayout, index: LocalIndex) {
    this.#context = context;
    this.#layout = layout;
    this.#index = index;
  }

  static async open(context: Pick<DriverContext, 'root' | 'host' | 'log'>): Promise<LocalImageStore> {
    const layout = new LocalLayout(context.root);
    try {
      await layout.create();
      return new LocalImageStore(context, layout, new LocalIndex(context.host.databases, layout.database));
    } catch (error) {
      throw storageError(error, context.root);
    }
  }

  async ingest(request: IngestRequest): Promise<BlobWriter | BlobInfo> {
    const { digest, size, maxBytes, signal } = request;
    const name = this.#layout.ingestName(digest);
    const waiting = signal === undefined ? {} : { signal };
    try {
      const lock = await this.#context.host.locks.acquire(this.#layout.ingestLock(name), waiting);
      try {
        const held =
          digest === undefined ? undefined : ((await this.stat(digest)) ?? (await this.#adopt(digest)));
        if (held !== undefined) {
          await rm(this.#layout.ingestLock(name), { force: true });
          await lock.release();
          return held;
        }
        const limit = size ?? maxBytes ?? Number.MAX_SAFE_INTEGER;
        return await LocalBlobWriter.open({
          layout: this.#layout,
          index: this.#index,
          lock,
          name,
          digest,
          size,
          limit,
        });
      } catch (error) {
        await lock.release();
        throw error;
      }
    } catch (error) {
      throw storageError(error, this.#layout.root);
    }
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const blob = this.#index.blob(digest);
    if (blob === undefined) return undefined;
    const facts = await stat(this.#layout.blob(digest)).catch(ignoreMissing);
    if (facts?.size === blob.size) return blob;
    // A row without its file: somebody deleted it behind our back, or between our unlink and our row.
    this.#index.removeBlob(digest);
    return undefined;
  }

  async path(digest: Digest): Promise<string> {
    if ((await this.stat(digest)) === undefined) throw blobNotFound(digest);
    return this.#layout.blob(digest);
  }

  async read(digest: Digest, maxBytes: number): Promise<Buffer> {
    const blob = await this.stat(digest);
    if (blob === undefined) throw blobNotFound(digest);
    if (blob.size > maxBytes) {
      throw new StrataError(
        'invalid-argument',
        'BLOB_TOO_LARGE',
        `blob ${digest} is larger than ${maxBytes} bytes`,
      );
    }
    const bytes = await readFile(this.#layout.blob(digest));
    const actual =
      `${digest.slice(0, 6)}:${createHash(digest.slice(0, 6)).update(bytes).digest('hex')}` as Digest;
    if (actual !== digest) throw digestMismatch(digest, actual);
    return bytes;
  }

  async deleteBlob(digest: Digest): Promise<void> {
    // The file first: a crash in between leaves a row that `stat` mends, not bytes that nobody knows of.
    await rm(this.#layout.blob(digest), { force: true });
    this.#index.removeBlob(digest);
  }

  async *blobs(): AsyncIterable<BlobInfo> {
    for (let last = ''; ; ) {
      const page = this.#index.blobsAfter(last, pageSize);
      yield* page;
      if (page.length < pageSize) return;
      last = page.at(-1)!.digest;
    }
  }

  ingests(): Promise<readonly IngestInfo[]> {
    return listIngests(this.#layout, this.#context.host.locks);
  }

  pruneIngests(olderThan: Date): Promise<number> {
    return pruneIngests(this.#layout, this.#context.host.locks, olderThan);
  }

  async reference(name: string): Promise<ImageReference | undefined> {
    return this.#index.reference(name);
  }

  async setReference(name: string, target: Descriptor): Promise<ImageReference | undefined> {
    if ((await this.stat(target.digest)) === undefined) throw blobNotFound(target.digest);
    return this.#index.setReference(name, target, Date.now());
  }

  async deleteReference(name: string): Promise<boolean> {
    return this.#index.deleteReference(name);
  }

  async references(): Promise<readonly ImageReference[]> {
    return this.#index.references();
  }

  async close(): Promise<void> {
    this.#index.close();
  }

  /** A crash between rename and row leaves a complete blob that has no row. Verified again, because it is rare. */
  async #adopt(digest: Digest): Promise<BlobInfo | undefined> {
    const path = this.#layout.blob(digest);
    const facts = await stat(path).catch(ignoreMissing);
    if (facts === undefined) return undefined;
    const hash = createHash(digest.slice(0, 6));
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Buffer);
    if (`${digest.slice(0, 6)}:${hash.digest('hex')}` !== digest) {
      this.#context.log.warn('dropped a damaged blob', { digest });
      await rm(path, { force: true });
      return undefined;
    }
    const blob = { digest, size: facts.size, created: facts.mtime };
    this.#index.addBlob(blob);
    return blob;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}
