import { type Mount, StrataError } from '@strata/core';
import type { Snapshotter } from '../api/snapshotter.ts';
import type { InternalServices } from '../internal-services.ts';
import type { LayerStore } from '../services.ts';
import type { StorePaths } from '../state/paths.ts';
import { explainFullDisk, withReserve } from '../state/reserve.ts';
import { HeldMounts } from './held-mounts.ts';

const OWNER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

/** Held by the process that serves an owner's layers. */
export function snapshotterLock(paths: Pick<StorePaths, 'lock'>, driver: string, owner: string): string {
  return paths.lock('snapshotter', `${driver}:${owner}`);
}

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
  const lock = await services.host.locks.tryAcquire(snapshotterLock(services.paths, driver, owner));
  if (lock === undefined)
    throw new StrataError(
      'failed-precondition',
      'SNAPSHOTTER_IN_USE',
      `Another process serves the layers of ${owner} on ${driver}`,
      { hint: 'Stop it first, or give this one another owner' },
    );
  const { database, host, paths } = services;
  const held = new HeldMounts({ database, host, directory: paths.held, driver, owner });
  try {
    await held.sweep();
  } catch (error) {
    await lock.release();
    throw error;
  }
  return overStore(services, store, { held, unlock: () => lock.release() });
}

interface Served {
  readonly held: HeldMounts;
  readonly unlock: () => Promise<void>;
}

/** The store's calls, with a full disk told in one sentence and room kept for those that free space. */
function overStore(services: InternalServices, store: LayerStore, served: Served): Snapshotter {
  const { held, unlock } = served;
  const call = async <T>(body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (error) {
      throw await explainFullDisk(error, services.paths, services.host.files);
    }
  };
  const free = <T>(body: () => Promise<T>) => call(() => withReserve(services.paths, body));
  /** A call that fails changes nothing. */
  const made = (key: string, mounts: readonly Mount[]) =>
    held.present(key, mounts).catch(async (error) => {
      await held.removing(key);
      await store.remove(key);
      throw error;
    });
  const close = once(() => held.close().finally(() => store.close().finally(unlock)));
  return {
    driver: store.driverId,
    prepare: (key, parent, options) => call(async () => made(key, await store.prepare(key, parent, options))),
    view: (key, parent, options) => call(async () => made(key, await store.view(key, parent, options))),
    mounts: (key) => call(async () => held.present(key, await store.mounts(key))),
    commit: (name, key, options) =>
      call(async () => {
        await held.committing(key);
        await store.commit(name, key, options);
      }),
    remove: (key) =>
      free(async () => {
        await held.removing(key);
        await store.remove(key);
      }),
    stat: (key) => store.stat(key),
    update: (info, ...fieldPaths) => call(() => store.update(info, ...fieldPaths)),
    usage: (key, signal) => store.usage(key, signal),
    walk: () => store.walk(),
    cleanup: () =>
      free(async () => {
        await held.sweep();
        await store.reclaim();
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function once(body: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= body();
    return done;
  };
}
