import type { BlobInfo, BlobWriter, Descriptor, ImageStore } from '@strata/core';
import { isBlobInfo, isStrataError } from '@strata/core';
import type { Reference } from '../reference/reference.ts';
import type { RegistryClient } from './client.ts';

/** Concurrent transfers of one image, as Docker's `max-concurrent-downloads`. */
export const parallelTransfers = 3;

export interface BlobPullOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (current: number) => void;
  /** The blob is not there: it is being written from now on. */
  readonly onWriter?: (writer: BlobWriter) => Promise<void>;
}

/**
 * Make sure the store holds a blob: already there, fetched by another process meanwhile, or fetched by us. When we are
 * interrupted the bytes stay for the next attempt.
 */
export async function pullBlob(
  from: {
    readonly client: Pick<RegistryClient, 'fetchBlob'>;
    readonly reference: Reference;
    readonly store: ImageStore;
  },
  descriptor: Descriptor,
  options: BlobPullOptions = {},
): Promise<BlobInfo> {
  const { client, reference, store } = from;
  const { digest, size } = descriptor;
  const held = await store.stat(digest);
  if (held !== undefined) return held;
  const writer = await store.ingest({
    digest,
    size,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (isBlobInfo(writer)) return writer;
  try {
    await options.onWriter?.(writer);
    options.onProgress?.(writer.offset);
    await client.fetchBlob(reference, descriptor, writer, options);
    return await writer.commit();
  } catch (error) {
    await (isStrataError(error, 'data-loss') ? writer.abort() : writer.close());
    throw error;
  }
}

/** Run `action` over items, at most `limit` at a time, in order. The first failure stops new ones; all settle before it is thrown. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  action: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await action(items[index]!, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failures.length > 0) throw failures[0];
  return results;
}
