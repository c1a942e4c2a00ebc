/**
 * # ImageStore: blobs and the names that point at them
 *
 * A **blob** is bytes named by their digest. A **reference** (`docker.io/library/alpine:3`) is a name that points
 * at the descriptor of a manifest; manifest and config are blobs as well. The store knows nothing of layers on
 * disk: an image is unpacked per LayerDriver, so changing the storage driver never hides an image.
 *
 * ## Invariants
 * - A blob that `stat` finds is complete, was verified over the bytes received, and survives a power cut.
 * - An **ingest** is a blob being written: keyed by its expected digest, held by one writer at a time across
 *   processes, resumable by a later process at the offset it reached, invisible to `stat` and `open`.
 * - References change atomically. Deleting a reference deletes no blob; the engine decides what is unused, calls
 *   `deleteBlob`, and holds its own locks while it does.
 *
 * ## Flows
 * **Pull**: `stat(layer.digest)` → hit: done. Miss: `ingest({digest, size})` → the writer's `offset` is what an
 * earlier attempt left → append from there → `commit()`, which verifies and publishes. **Name it**: write manifest
 * and config likewise, last `setReference(name, descriptor)`. **Interrupted**: `close()` keeps the bytes for the
 * next attempt, `abort()` drops them.
 */
import type { Descriptor, Digest } from './descriptor.ts';

export interface BlobInfo {
  readonly digest: Digest;
  readonly size: number;
  readonly created: Date;
}

/** The one writer of an ingest. */
export interface BlobWriter {
  /** Bytes that are already there; append from here. */
  readonly offset: number;
  /**
   * Of a store that keeps blobs in files: where the bytes can be read while more come, and how many can (`restart` takes
   * them back). Nothing of it is verified. A descriptor of the file stays good when `commit` publishes it.
   */
  readonly partial?: { readonly path: string; readonly length: number };
  /** Append; hashes while it writes. @throws data-loss as soon as more than the expected size arrives. */
  write(chunk: Uint8Array): Promise<void>;
  /** Start again from byte 0: the source ignored our range. */
  restart(): Promise<void>;
  /** Verify size and digest, make durable, publish. On mismatch the ingest is dropped. @throws data-loss */
  commit(): Promise<BlobInfo>;
  /** Let go and keep the bytes for a later attempt. Idempotent. */
  close(): Promise<void>;
  /** Let go and drop the bytes. Idempotent. */
  abort(): Promise<void>;
}

/** What a writer may state beforehand; without a digest the ingest gets its name at commit and is not resumable. */
export interface IngestRequest {
  readonly digest?: Digest;
  /** Expected bytes; also the limit. Without it `maxBytes` is the limit. */
  readonly size?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ImageReference {
  /** Canonical name, `registry/repository:tag` or `registry/repository@digest`. */
  readonly name: string;
  /** The manifest (never an index: the platform is chosen when the reference is made). */
  readonly target: Descriptor;
  readonly created: Date;
  readonly updated: Date;
}

/** An ingest on disk: who holds it, how far it got. */
export interface IngestInfo {
  readonly digest: Digest | undefined;
  readonly offset: number;
  readonly updated: Date;
  /** A live process holds it. */
  readonly active: boolean;
}

export interface ImageStore {
  /**
   * Become the writer of a blob. Waits while another live process writes the same digest; if that one commits,
   * resolves to its {@link BlobInfo} instead of a writer, so that ten pulls fetch a blob once.
   * @throws resource-exhausted on ENOSPC, unless bytes already there still serve.
   */
  ingest(request: IngestRequest): Promise<BlobWriter | BlobInfo>;
  stat(digest: Digest): Promise<BlobInfo | undefined>;
  /** Path of a complete blob, for readers in other threads; read-only. @throws not-found */
  path(digest: Digest): Promise<string>;
  /** All bytes of a small blob (manifest, config), verified again. @throws not-found, data-loss, invalid-argument above `maxBytes` */
  read(digest: Digest, maxBytes: number): Promise<Buffer>;
  /** Idempotent. */
  deleteBlob(digest: Digest): Promise<void>;
  blobs(): AsyncIterable<BlobInfo>;
  ingests(): Promise<readonly IngestInfo[]>;
  /** Drop ingests nobody holds, older than `olderThan`. Returns bytes freed. */
  pruneIngests(olderThan: Date): Promise<number>;

  reference(name: string): Promise<ImageReference | undefined>;
  /** Point `name` at `target`, which must be here. Returns what it pointed at before. @throws not-found */
  setReference(name: string, target: Descriptor): Promise<ImageReference | undefined>;
  /** True if it existed. */
  deleteReference(name: string): Promise<boolean>;
  /** Every reference, by name; from an index, never by scanning blobs. */
  references(): Promise<readonly ImageReference[]>;
  close(): Promise<void>;
}

/** Did `ingest` find that somebody else finished the blob? */
export function isBlobInfo(result: BlobWriter | BlobInfo): result is BlobInfo {
  return 'created' in result;
}
