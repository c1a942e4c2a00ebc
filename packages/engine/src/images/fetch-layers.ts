import type { Reference, RegistryClient } from '@strata/oci';
import type { InternalServices } from '../internal-services.ts';
import type { ArrivingBlob } from './arriving-blob.ts';
import type { ImageRecord } from './image-record.ts';
import type { LayerReport } from './pull-progress.ts';

export interface FetchRequest {
  readonly client: RegistryClient;
  readonly reference: Reference;
  readonly record: ImageRecord;
  readonly report: LayerReport;
  readonly signal: AbortSignal;
  /** Who unpacks meanwhile goes through the layers in order, all at once, or nobody does. */
  readonly unpacking: 'in-order' | 'together' | 'no';
}

/** Where layers' blobs are; a layer may be read before its blob is verified. */
export interface LayerBlobs {
  /** Resolves when layer `index` can be read: as its blob arrives, or `undefined`: from the store. */
  begun(index: number): Promise<ArrivingBlob | undefined>;
  /** Resolves when the blob of layer `index` is in the store, rejects when it will not be. */
  arrived(index: number): Promise<void>;
}

export interface Fetching extends LayerBlobs, AsyncDisposable {
  /** Resolves when all are in the store; was any fetched? */
  readonly all: Promise<boolean>;
}

interface Slot {
  readonly begun: PromiseWithResolvers<ArrivingBlob | undefined>;
  readonly arrived: PromiseWithResolvers<void>;
}

/** Fetch the blobs that are missing, three at a time. */
export function fetchLayers(services: InternalServices, request: FetchRequest): Fetching {
  const slots = request.record.layers.map((): Slot => {
    const slot = {
      begun: Promise.withResolvers<ArrivingBlob | undefined>(),
      arrived: Promise.withResolvers<void>(),
    };
    for (const { promise } of [slot.begun, slot.arrived]) promise.catch(() => undefined);
    return slot;
  });
  const open: ArrivingBlob[] = [];
  const all = fetchInOrder(services, request, { slots, open }).catch((error: unknown) => {
    for (const slot of slots) for (const one of [slot.begun, slot.arrived]) one.reject(error);
    throw error;
  });
  all.catch(() => undefined);
  return {
    begun: (index) => slots[index]!.begun.promise,
    arrived: (index) => slots[index]!.arrived.promise,
    all,
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((blob) => blob[Symbol.asyncDispose]()));
    },
  };
}

async function fetchInOrder(
  services: InternalServices,
  request: FetchRequest,
  state: { readonly slots: readonly Slot[]; readonly open: ArrivingBlob[] },
): Promise<boolean> {
  const { inParallel, parallelTransfers } = await import('@strata/oci');
  const { slots, open } = state;
  const fetched = await inParallel(orderOf(request), parallelTransfers, async (index) => {
    const slot = slots[index]!;
    const held = (await services.imageStore.stat(request.record.layers[index]!.blob.digest)) !== undefined;
    if (!held)
      await fetchOne(services, request, index, (blob) => {
        open.push(blob);
        slot.begun.resolve(blob);
      });
    slot.begun.resolve(undefined);
    slot.arrived.resolve();
    return !held;
  });
  return fetched.some(Boolean);
}

/** Who goes in order waits for the lowest; otherwise the largest is first, as it takes longest to unpack. */
function orderOf({ record: { layers }, unpacking }: FetchRequest): readonly number[] {
  const order = layers.map((_, index) => index);
  return unpacking === 'in-order' ? order : order.sort((a, b) => layers[b]!.blob.size - layers[a]!.blob.size);
}

async function fetchOne(
  { imageStore }: InternalServices,
  { client, reference, record, report, signal, unpacking }: FetchRequest,
  index: number,
  onBegun: (blob: ArrivingBlob) => void,
): Promise<void> {
  const { pullBlob } = await import('@strata/oci');
  const { ArrivingBlob } = await import('./arriving-blob.ts');
  const { blob } = record.layers[index]!;
  let arriving: ArrivingBlob | undefined;
  report.downloading(index, 0);
  try {
    await pullBlob({ client, reference, store: imageStore }, blob, {
      signal,
      onWriter: async (writer) => {
        arriving = unpacking === 'no' ? undefined : await ArrivingBlob.of(writer);
        if (arriving !== undefined) onBegun(arriving);
      },
      onProgress: (current) => {
        report.downloading(index, current);
        arriving?.grown();
      },
    });
    arriving?.arrived(blob.size);
  } catch (error) {
    arriving?.failed();
    throw error;
  }
}
