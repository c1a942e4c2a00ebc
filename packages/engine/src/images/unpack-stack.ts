/**
 * Layers from blobs to a committed stack on one driver. Layers that are there already are kept; the rest become
 * visible together, after one flush. Several processes unpacking one image do each layer once: whoever holds a
 * chainID's lock unpacks it, the others find it done.
 */
import type { HeldLock } from '@strata/core';
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

/** One layer on its way. */
interface Unpacked {
  readonly imported: ImportedLayer;
  readonly applied: Applied;
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
    const base = from === 0 ? undefined : layers[from - 1]!.chainId;
    const below = base === undefined ? [] : await physicalStack(store, base);
    const work = { services, request, stack, from, below };
    const done = store.driver.capabilities.independentUnpack
      ? await unpackTogether(work)
      : await unpackInOrder(work);
    await stack.finish(
      done.map(({ imported }) => ({ imported, usage: undefined })),
      { base, durable: services.config.durable !== false },
    );
    for (const [offset, { applied }] of done.entries())
      services.catalog.setLayerBytes(layers[from + offset]!.diffId, applied.bytes);
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
  readonly from: number;
  /** Physical ids under the first missing layer, nearest first. */
  readonly below: readonly string[];
}

async function physicalStack(store: LayerStore, name: string): Promise<readonly string[]> {
  const { id, parents } = await store.layer(name);
  return [id, ...parents];
}

/** Each over the ones below, as soon as its blob is here; whiteouts delete. */
async function unpackInOrder(work: Work): Promise<Unpacked[]> {
  const { request, stack, from } = work;
  const done: Unpacked[] = [];
  let parents = work.below;
  for (let index = from; index < request.layers.length; index++) {
    await request.blob(index);
    const imported = await stack.add(request.layers[index]!.chainId, parents);
    const applied = await apply(work, index, imported);
    await stack.seal(imported, parents);
    request.report.complete(index);
    done.push({ imported, applied });
    parents = [imported.layer.id, ...parents];
  }
  return done;
}

/** All at once, each alone; whiteouts are recorded. The parents come in when they are sealed, bottom first. */
async function unpackTogether(work: Work): Promise<Unpacked[]> {
  const { request, stack, from } = work;
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const parallel = { ...work, request: { ...request, signal } };
  const missing = request.layers.slice(from);
  const settled = await Promise.allSettled(
    missing.map(async (layer, offset) => {
      try {
        await request.blob(from + offset);
        signal.throwIfAborted();
        const imported = await stack.add(layer.chainId, []);
        return { imported, applied: await applyAlone(parallel, from + offset, imported) };
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  const rejected = settled.filter((result) => result.status === 'rejected');
  if (rejected.length > 0) throw failed.signal.reason ?? rejected[0]!.reason;
  return sealBottomUp(
    work,
    settled.map((result) => (result as PromiseFulfilledResult<Partial<Unpacked>>).value),
  );
}

/** Undefined when the layer cannot be unpacked without those below (a hard link to a file of theirs). */
async function applyAlone(work: Work, index: number, imported: ImportedLayer): Promise<Applied | undefined> {
  try {
    return await apply(work, index, imported);
  } catch (error) {
    if (isStrataError(error, 'LAYER_NEEDS_PARENTS')) return undefined;
    throw error;
  }
}

async function sealBottomUp(work: Work, unpacked: readonly Partial<Unpacked>[]): Promise<Unpacked[]> {
  const { services, request, stack, from } = work;
  const { driver } = request.store;
  const done: Unpacked[] = [];
  let parents = work.below;
  for (const [offset, one] of unpacked.entries()) {
    const imported = one.imported!;
    let { applied } = one;
    if (applied === undefined) {
      await driver.remove(imported.layer.id);
      await driver.create({ id: imported.layer.id, parents: [] });
      applied = await apply(work, from + offset, imported, await parentTrees(driver, parents));
    } else {
      await settle(services.host, driver, { imported, parents, unsettled: applied.unsettled });
    }
    await stack.seal(imported, parents);
    request.report.complete(from + offset);
    done.push({ imported, applied });
    parents = [imported.layer.id, ...parents];
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
