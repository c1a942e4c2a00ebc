import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  type BlobInfo,
  type BlobWriter,
  type Descriptor,
  type Digest,
  type ImageStore,
  isBlobInfo,
} from '@strata/core';
import { createOn, type DriverSuiteTarget } from '../driver/driver-target.ts';
import type { ConformanceCase, SuiteTarget } from '../runner/case.ts';

export type ImageSuiteTarget = DriverSuiteTarget<'image'>;
/** Image stores declare nothing: every case applies. */
export type ImageTraits = Readonly<Record<string, never>>;
export type ImageCase = ConformanceCase<ImageContext, ImageTraits>;

/** One store on one empty root. */
export class ImageContext {
  readonly store: ImageStore;
  readonly root: string;
  readonly target: ImageSuiteTarget;
  readonly #others: ImageStore[] = [];

  constructor(target: ImageSuiteTarget, store: ImageStore, root: string) {
    this.target = target;
    this.store = store;
    this.root = root;
  }

  /** Another store over the same root: what a second process has. */
  async another(): Promise<ImageStore> {
    const store = await createOn(this.target, this.root);
    this.#others.push(store);
    return store;
  }

  bytes(size: number): Buffer {
    return randomBytes(size);
  }

  descriptor(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Descriptor {
    const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
    return { mediaType: 'application/octet-stream', digest, size: bytes.length };
  }

  /** The writer of a blob that is not there. */
  async writer(target: Partial<Descriptor>, store = this.store): Promise<BlobWriter> {
    const { digest, size } = target;
    const result = await store.ingest({
      ...(digest === undefined ? {} : { digest }),
      ...(size === undefined ? {} : { size }),
    });
    assert.ok(!isBlobInfo(result), `ingest of ${digest} must give a writer: the blob is not there`);
    return result;
  }

  async put(bytes = this.bytes(100)): Promise<Descriptor> {
    const target = this.descriptor(bytes);
    const writer = await this.writer(target);
    await writer.write(bytes);
    await writer.commit();
    return target;
  }

  async digests(store = this.store): Promise<string[]> {
    const found: string[] = [];
    for await (const { digest } of store.blobs()) found.push(digest);
    return found.sort();
  }

  assertBlob(found: BlobInfo | undefined, expected: Descriptor): void {
    assert.ok(found !== undefined, `${expected.digest} must be there`);
    assert.equal(found.digest, expected.digest);
    assert.equal(found.size, expected.size);
    assert.ok(found.created instanceof Date && !Number.isNaN(found.created.getTime()), 'created is a Date');
  }

  async close(): Promise<void> {
    const mounts = await this.target.host.mounter.list(this.root);
    for (const store of this.#others) await store.close();
    await this.store.close();
    assert.deepEqual(mounts, [], 'leak probe: mounts are left below the root');
  }
}

export function openImageContext(target: ImageSuiteTarget): SuiteTarget<ImageContext, ImageTraits> {
  return {
    async open() {
      const { root, dispose } = await target.createRoot();
      const context = new ImageContext(target, await createOn(target, root), root);
      return {
        context,
        traits: {},
        async close() {
          try {
            await context.close();
          } finally {
            await dispose();
          }
        },
      };
    },
  };
}
