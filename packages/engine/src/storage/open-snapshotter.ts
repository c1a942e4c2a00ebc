import { StrataError } from '@strata/core';
import type { Snapshotter } from '../api/snapshotter.ts';
import type { InternalServices } from '../internal-services.ts';
import type { LayerStore } from '../services.ts';
import { explainFullDisk, withReserve } from '../state/reserve.ts';

const OWNER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

export async function openSnapshotter(
  services: InternalServices,
  request: { readonly driver?: string; readonly owner: string },
): Promise<Snapshotter> {
  const { owner } = request;
  if (!OWNER.test(owner))
    throw new StrataError(
      'invalid-argument',
      'SNAPSHOTTER_OWNER_INVALID',
      `'${owner}' cannot name an owner of layers`,
      { hint: 'Use up to 64 letters, digits, and _ . - after the first' },
    );
  const driver = await services.layers.select(request.driver);
  const store = await services.layers.open(driver, owner);
  // An engine's garbage collection removes what it does not know, so two engines must never share an owner.
  const lock = await services.host.locks.tryAcquire(services.paths.lock('snapshotter', `${driver}:${owner}`));
  if (lock === undefined)
    throw new StrataError(
      'failed-precondition',
      'SNAPSHOTTER_IN_USE',
      `Another process serves the layers of ${owner} on ${driver}`,
      { hint: 'Stop it first, or give this one another owner' },
    );
  return overStore(services, store, () => lock.release());
}

/** The store's calls, with a full disk told in one sentence and room kept for those that free space. */
function overStore(services: InternalServices, store: LayerStore, unlock: () => Promise<void>): Snapshotter {
  const call = async <T>(body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (error) {
      const { root } = services.paths;
      const { type } = await services.host.files.filesystem(root);
      throw explainFullDisk(error, root, type);
    }
  };
  const free = <T>(body: () => Promise<T>) => call(() => withReserve(services.paths, body));
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= store.close().finally(unlock);
    return closed;
  };
  return {
    driver: store.driverId,
    prepare: (key, parent, options) => call(() => store.prepare(key, parent, options)),
    view: (key, parent, options) => call(() => store.view(key, parent, options)),
    mounts: (key) => store.mounts(key),
    commit: (name, key, options) => call(() => store.commit(name, key, options)),
    remove: (key) => free(() => store.remove(key)),
    stat: (key) => store.stat(key),
    update: (info, ...fieldPaths) => call(() => store.update(info, ...fieldPaths)),
    usage: (key, signal) => store.usage(key, signal),
    walk: () => store.walk(),
    cleanup: () => free(() => store.reclaim()),
    close,
    [Symbol.asyncDispose]: close,
  };
}
