import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobInfo,
  type BlobWriter,
  type Descriptor,
  type Digest,
  type Host,
  type ImageReference,
  type ImageStore,
  type IngestInfo,
  type IngestRequest,
  isDigest,
  StrataError,
} from '@strata/core';
import { ExampleBlobWriter } from './example-blob-writer.ts';
import { badDigest, ignoreMissing, notFound } from './example-errors.ts';
import { ExampleReferences } from './example-references.ts';

/** `blobs/<algorithm>/<hex>`, `ingest/<algorithm>-<hex>` with a lock file each, and `references.json`. */
export class ExampleImageStore implements ImageStore {
  readonly #root: string;
  readonly #host: Host;
  readonly #references: ExampleReferences;

  private constructor(root: string, host: Host) {
    this.#root = root;
    this.#host = host;
    this.#references = new ExampleReferences(root, host);
  }

  static async open(root: string, host: Host): Promise<ExampleImageStore> {
    for (const directory of ['blobs/sha256', 'blobs/sha512', 'ingest', 'locks'])
      await mkdir(join(root, directory), { recursive: true, mode: 0o700 });
    return new ExampleImageStore(root, host);
  }

  async ingest({ digest, size, maxBytes, signal }: IngestRequest): Promise<BlobWriter | BlobInfo> {
    if (digest !== undefined && !isDigest(digest)) throw badDigest(digest);
    const name = digest?.replace(':', '-') ?? `unnamed-${crypto.randomUUID()}`;
    const lock = await this.#host.locks.acquire(this.#lock(name), signal === undefined ? {} : { signal });
    try {
      // Somebody may have finished it while we waited.
      const found = digest === undefined ? undefined : await this.stat(digest);
      if (found === undefined)
        return await ExampleBlobWriter.open({
          path: join(this.#root, 'ingest', name),
          lock,
          digest,
          size,
          limit: size ?? maxBytes ?? Number.MAX_SAFE_INTEGER,
          target: (actual) => this.#blob(actual),
        });
      await lock.release();
      return found;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const found = await stat(this.#blob(digest)).catch(ignoreMissing);
    return found === undefined ? undefined : { digest, size: found.size, created: found.mtime };
  }

  async path(digest: Digest): Promise<string> {
    if ((await this.stat(digest)) === undefined) throw notFound(`blob ${digest}`);
    return this.#blob(digest);
  }

  async read(digest: Digest, maxBytes: number): Promise<Buffer> {
    const found = await this.stat(digest);
    if (found === undefined) throw notFound(`blob ${digest}`);
    if (found.size > maxBytes)
      throw new StrataError(
        'invalid-argument',
        'EXAMPLE_TOO_LARGE',
        `blob ${digest} is above ${maxBytes} bytes`,
      );
    const bytes = await readFile(this.#blob(digest));
    const [algorithm = '', hex] = digest.split(':');
    if (createHash(algorithm).update(bytes).digest('hex') === hex) return bytes;
    throw new StrataError('data-loss', 'EXAMPLE_WRONG_BYTES', `blob ${digest} is damaged on disk`, {
      hint: 'Remove the image and pull it again',
    });
  }

  async deleteBlob(digest: Digest): Promise<void> {
    await rm(this.#blob(digest), { force: true });
  }

  async *blobs(): AsyncIterable<BlobInfo> {
    for (const algorithm of ['sha256', 'sha512']) {
      for (const hex of await readdir(join(this.#root, 'blobs', algorithm))) {
        const found = await this.stat(`${algorithm}:${hex}` as Digest);
        if (found !== undefined) yield found;
      }
    }
  }

  async ingests(): Promise<readonly IngestInfo[]> {
    const found: IngestInfo[] = [];
    for (const name of await readdir(join(this.#root, 'ingest'))) {
      const file = await stat(join(this.#root, 'ingest', name)).catch(ignoreMissing);
      if (file === undefined) continue;
      const lock = await this.#host.locks.tryAcquire(this.#lock(name));
      await lock?.release();
      const text = name.replace('-', ':');
      const digest = isDigest(text) ? text : undefined;
      found.push({ digest, offset: file.size, updated: file.mtime, active: lock === undefined });
    }
    return found;
  }

  async pruneIngests(olderThan: Date): Promise<number> {
    let freed = 0;
    for (const name of await readdir(join(this.#root, 'ingest'))) {
      // Held while it is deleted, so that nobody begins to write into a file that goes.
      const lock = await this.#host.locks.tryAcquire(this.#lock(name));
      if (lock === undefined) continue;
      const path = join(this.#root, 'ingest', name);
      const file = await stat(path).catch(ignoreMissing);
      if (file !== undefined && file.mtime < olderThan) {
        await rm(path, { force: true });
        freed += file.size;
      }
      await lock.release();
    }
    return freed;
  }

  reference(name: string): Promise<ImageReference | undefined> {
    return this.#references.get(name);
  }

  async setReference(name: string, target: Descriptor): Promise<ImageReference | undefined> {
    if ((await this.stat(target.digest)) === undefined) throw notFound(`blob ${target.digest}`);
    return this.#references.set(name, target);
  }

  deleteReference(name: string): Promise<boolean> {
    return this.#references.delete(name);
  }

  references(): Promise<readonly ImageReference[]> {
    return this.#references.all();
  }

  async close(): Promise<void> {}

  /** Only a digest becomes a path. */
  #blob(digest: Digest): string {
    if (!isDigest(digest)) throw badDigest(digest);
    return join(this.#root, 'blobs', digest.replace(':', '/'));
  }

  #lock(name: string): string {
    return join(this.#root, 'locks', name);
  }
}
