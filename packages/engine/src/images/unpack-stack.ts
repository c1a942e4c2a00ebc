/**
 * Layers from blobs to a committed stack on one driver. Layers that are there already are kept; the rest become
 * visible together, after one flush. Several processes unpacking one image do each layer once: whoever holds a
 * chainID's lock unpacks it, the others find it done.
 */
import type { HeldLock, LayerUsage } from '@strata/core';
import { isStrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import type { ImportedLayer, LayerImport, LayerStore } from '../services.ts';
import { type Applied, applyBlob } from './apply-blob.ts';
import type { ImageLayer } from './image-record.ts';
import type { LayerReport } from './pull-progress.ts';
import { parentTrees, settle } from './settle-layer.ts';

export interface UnpackRequest {
  readonly store: LayerStore;
  /** Bottom first. */
  readonly layers: readonly ImageLayer[];
  /** Resolves once the layer's blob is in the image store. */
  readonly blob: (index: number) => Promise<unknown>;
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
    await request.blob(from + offset);
    await stack.create(imported, { alone: false });
    const applied = await apply(work, from + offset, imported);
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
  await work.request.blob(index);
  work.request.signal.throwIfAborted();
  await work.stack.create(imported, { alone: true });
  try {
    return await apply(work, index, imported);
  } catch (error) {
    if (isStrataError(error, 'LAYER_NEEDS_PARENTS')) return undefined;
    throw error;
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
      applied = await apply(work, from + offset, imported, await parentTrees(driver, imported.layer.parents));
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
  { services, request }: Work,
  index: number,
  imported: ImportedLayer,
  parents?: readonly string[],
): Promise<Applied> {
  const { store, report, signal } = request;
  return applyBlob(services, {
    layer: request.layers[index]!,
    target: await store.driver.unpackTarget(imported.layer),
    parents,
    signal,
    onRead: (bytes) => report.unpacking(index, bytes),
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
