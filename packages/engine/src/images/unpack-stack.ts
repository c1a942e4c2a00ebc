/**
 * Layers from blobs to a committed stack on one driver. Layers that are there already are kept; the rest become
 * visible together, after one flush. Several processes unpacking one image do each layer once: whoever holds a
 * chainID's lock unpacks it, the others find it done.
 */
import { availableParallelism } from 'node:os';
import type { HeldLock, LayerUsage } from '@strata/core';
import { isStrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import type { ImportedLayer, LayerImport, LayerStore } from '../services.ts';
import { type Applied, applyBlob } from './apply-blob.ts';
import type { ArrivingBlob } from './arriving-blob.ts';
import type { LayerBlobs } from './fetch-layers.ts';
import type { ImageLayer } from './image-record.ts';
import type { LayerReport } from './pull-progress.ts';
import { settle, withParentTrees } from './settle-layer.ts';

export interface UnpackRequest {
  readonly store: LayerStore;
  /** Bottom first. */
  readonly layers: readonly ImageLayer[];
  readonly blobs: LayerBlobs;
  readonly report: LayerReport;
  readonly signal: AbortSignal;
}

export async function unpackStack(services: InternalServices, request: UnpackRequest): Promise<void> {
  const { store, layers, report } = request;
  const locks: HeldLock[] = [];
  let stack: LayerImport | undefined;
  try {
    const from = await lockMissing(services, request, locks);
    for (let index = 0; index < from; index++) report.exists(index);
    if (from === layers.length) return;
    stack = store.import();
    const missing = layers.slice(from);
    const imported = await stack.reserve(
      missing.map((layer) => layer.chainId),
      layers[from - 1]?.chainId,
    );
    const work = { services, request, stack, from, imported };
    const together = store.driver.capabilities.independentUnpack;
    const done = await (together ? unpackTogether(work) : unpackInOrder(work));
    await stack.finish(
      done.map((one) => one.usage),
      { durable: services.config.durable !== false, also: () => rememberSizes(services, missing, done) },
    );
  } catch (error) {
    await stack?.abandon();
    throw error;
  } finally {
    for (const lock of locks) await lock.release();
  }
}

/** Take the locks of the layers that are missing, bottom first (so nobody can wait in a circle). Returns the first missing. */
async function lockMissing(
  { host, paths }: InternalServices,
  { store, layers, signal }: UnpackRequest,
  locks: HeldLock[],
): Promise<number> {
  let from = layers.findLastIndex((layer) => store.has(layer.chainId)) + 1;
  for (let index = from; index < layers.length; index++) {
    const { chainId } = layers[index]!;
    const lock = await host.locks.acquire(paths.lock('layer', `${store.driverId}:${chainId}`), { signal });
    // Somebody may have unpacked it while we waited.
    if (store.has(chainId)) {
      await lock.release();
      from = index + 1;
    } else {
      locks.push(lock);
    }
  }
  return from;
}

interface Work {
  readonly services: InternalServices;
  readonly request: UnpackRequest;
  readonly stack: LayerImport;
  /** Index of the first missing layer, `imported[0]`. */
  readonly from: number;
  readonly imported: readonly ImportedLayer[];
}

interface Unpacked {
  readonly applied: Applied;
  readonly usage: LayerUsage;
}

/** Each over the ones below, as soon as its blob is here; whiteouts delete. */
async function unpackInOrder(work: Work): Promise<Unpacked[]> {
  const { request, stack, from } = work;
  const done: Unpacked[] = [];
  for (const [offset, imported] of work.imported.entries()) {
    const applied = await applyArriving(work, { index: from + offset, imported, alone: false });
    await stack.seal(imported);
    done.push({ applied, usage: await request.store.driver.usage(imported.layer, request.signal) });
    request.report.complete(from + offset);
  }
  return done;
}

/** All at once, each alone; whiteouts are recorded. The parents come in when they are sealed, bottom first. */
async function unpackTogether(work: Work): Promise<Unpacked[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([work.request.signal, failed.signal]);
  const parallel = { ...work, request: { ...work.request, signal } };
  const settled = await Promise.allSettled(
    work.imported.map(async (imported, offset) => {
      try {
        return await unpackAlone(parallel, work.from + offset, imported);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
  return sealBottomUp(
    work,
    settled.map((result) => (result as PromiseFulfilledResult<Applied | undefined>).value),
  );
}

/** Undefined when the layer cannot be unpacked without those below (a hard link to a file of theirs). */
async function unpackAlone(work: Work, index: number, imported: ImportedLayer): Promise<Applied | undefined> {
  try {
    return await applyArriving(work, { index, imported, alone: true });
  } catch (error) {
    if (!isStrataError(error, 'LAYER_NEEDS_PARENTS')) throw error;
    await work.request.blobs.arrived(index);
    return undefined;
  }
}

/** What no other bytes would mend. */
function isFinal(error: unknown): boolean {
  return isStrataError(error, 'LAYER_NEEDS_PARENTS') || isStrataError(error, 'LAYER_NO_SPACE');
}

/**
 * Unpack while the blob arrives. What comes out counts when the blob has proved good; when it does not come out, the
 * bytes may have been to blame, so we unpack again from the store.
 */
async function applyArriving(
  work: Work,
  one: { readonly index: number; readonly imported: ImportedLayer; readonly alone: boolean },
): Promise<Applied> {
  const { stack, request } = work;
  const { index, imported, alone } = one;
  const arriving = await request.blobs.begun(index);
  request.signal.throwIfAborted();
  await stack.create(imported, { alone });
  if (arriving === undefined) return apply(work, { index, imported });
  try {
    const applied = await apply(work, { index, imported, arriving });
    await request.blobs.arrived(index);
    return applied;
  } catch (error) {
    if (isFinal(error) || request.signal.aborted) throw error;
    await request.blobs.arrived(index);
    await request.store.driver.remove(imported.layer.id);
    await stack.create(imported, { alone });
    return apply(work, { index, imported });
  }
}

async function sealBottomUp(work: Work, all: readonly (Applied | undefined)[]): Promise<Unpacked[]> {
  const { services, request, stack, from } = work;
  const { driver } = request.store;
  const done: Unpacked[] = [];
  for (const [offset, imported] of work.imported.entries()) {
    let applied = all[offset];
    if (applied === undefined) {
      await driver.remove(imported.layer.id);
      await stack.create(imported, { alone: true });
      applied = await withParentTrees(services.host, driver, imported.layer, (parents) =>
        apply(work, { index: from + offset, imported, parents }),
      );
    } else {
      await settle(services.host, driver, { layer: imported.layer, unsettled: applied.unsettled });
    }
    await stack.seal(imported);
    // The directory holds just what the tar held, so walking it would tell nothing new.
    done.push({ applied, usage: { bytes: applied.bytes, inodes: applied.entries } });
    request.report.complete(from + offset);
  }
  return done;
}

async function apply(
  { services, request, imported: all }: Work,
  one: {
    readonly index: number;
    readonly imported: ImportedLayer;
    readonly arriving?: ArrivingBlob;
    readonly parents?: readonly string[];
  },
): Promise<Applied> {
  const { index, arriving, parents } = one;
  const { store, report, signal } = request;
  return applyBlob(services, {
    layer: request.layers[index]!,
    target: await store.driver.unpackTarget(one.imported.layer),
    parents,
    arriving,
    crowded: store.driver.capabilities.independentUnpack && all.length >= availableParallelism(),
    signal,
    // While it arrives, that is what is told.
    onRead: (bytes) => {
      if (arriving === undefined) report.unpacking(index, bytes);
    },
  });
}

function rememberSizes(
  { catalog }: InternalServices,
  layers: readonly ImageLayer[],
  done: readonly Unpacked[],
): void {
  for (const [index, { applied }] of done.entries())
    catalog.setLayerBytes(layers[index]!.diffId, applied.bytes);
}
