import type { Reference, RegistryClient } from '@strata/oci';
import type { InternalServices } from '../internal-services.ts';
import type { ImageRecord } from './image-record.ts';
import type { LayerReport } from './pull-progress.ts';

export interface FetchRequest {
  readonly client: RegistryClient;
  readonly reference: Reference;
  readonly record: ImageRecord;
  readonly report: LayerReport;
  readonly signal: AbortSignal;
}

export interface Fetching {
  /** Resolves when the blob of layer `index` is in the store. */
  blob(index: number): Promise<void>;
  /** Resolves when all are; was any fetched? */
  readonly all: Promise<boolean>;
}

/** Fetch the blobs that are missing, three at a time, the largest first: it takes longest to unpack. */
export function fetchLayers(services: InternalServices, request: FetchRequest): Fetching {
  const { layers } = request.record;
  const arrived = layers.map(() => Promise.withResolvers<void>());
  for (const one of arrived) one.promise.catch(() => undefined);
  const order = layers.map((_, index) => index).sort((a, b) => layers[b]!.blob.size - layers[a]!.blob.size);
  const all = fetchInOrder(services, request, order, arrived).catch((error: unknown) => {
    for (const one of arrived) one.reject(error);
    throw error;
  });
  all.catch(() => undefined);
  return { blob: (index) => arrived[index]!.promise, all };
}

async function fetchInOrder(
  services: InternalServices,
  { client, reference, record, report, signal }: FetchRequest,
  order: readonly number[],
  arrived: readonly PromiseWithResolvers<void>[],
): Promise<boolean> {
  const { inParallel, parallelTransfers, pullBlob } = await import('@strata/oci');
  const fetched = await inParallel(order, parallelTransfers, async (index) => {
    const { blob } = record.layers[index]!;
    const held = (await services.imageStore.stat(blob.digest)) !== undefined;
    if (!held) {
      report.downloading(index, 0);
      await pullBlob({ client, reference, store: services.imageStore }, blob, {
        signal,
        onProgress: (current) => report.downloading(index, current),
      });
    }
    arrived[index]!.resolve();
    return !held;
  });
  return fetched.some(Boolean);
}
