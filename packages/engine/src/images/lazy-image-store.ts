import type { BlobInfo, Descriptor, Digest, ImageStore, IngestRequest } from '@strata/core';

/** The image store, opened by its first use: many commands need none. */
export class LazyImageStore implements ImageStore {
  readonly #open: () => Promise<ImageStore>;
  #store: Promise<ImageStore> | undefined;

  constructor(open: () => Promise<ImageStore>) {
    this.#open = open;
  }

  #opened(): Promise<ImageStore> {
    this.#store ??= this.#open();
    return this.#store;
  }

  ingest = async (request: IngestRequest) => (await this.#opened()).ingest(request);
  stat = async (digest: Digest) => (await this.#opened()).stat(digest);
  path = async (digest: Digest) => (await this.#opened()).path(digest);
  read = async (digest: Digest, maxBytes: number) => (await this.#opened()).read(digest, maxBytes);
  deleteBlob = async (digest: Digest) => (await this.#opened()).deleteBlob(digest);
  ingests = async () => (await this.#opened()).ingests();
  pruneIngests = async (olderThan: Date) => (await this.#opened()).pruneIngests(olderThan);
  reference = async (name: string) => (await this.#opened()).reference(name);
  setReference = async (name: string, target: Descriptor) =>
    (await this.#opened()).setReference(name, target);
  deleteReference = async (name: string) => (await this.#opened()).deleteReference(name);
  references = async () => (await this.#opened()).references();

  async *blobs(): AsyncIterable<BlobInfo> {
    yield* (await this.#opened()).blobs();
  }

  async close(): Promise<void> {
    const store = await this.#store?.catch(() => undefined);
    await store?.close();
  }
}
