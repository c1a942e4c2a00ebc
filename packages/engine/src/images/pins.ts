/**
 * Pins: what an operation is about to name. Between finding a blob here and writing the image that needs it, a
 * concurrent removal must not take it for unused. A pin is a shared lock, a removal needs the exclusive one: so a
 * pin waits for a removal that is under way, a removal passes over what is pinned, and neither outlives its process.
 */
import type { Digest, HeldLock } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';

type Locking = Pick<InternalServices, 'host' | 'paths'>;

export class Pins implements AsyncDisposable {
  readonly #services: Locking;
  readonly #held = new Map<Digest, HeldLock>();

  constructor(services: Locking) {
    this.#services = services;
  }

  /** Blobs and chainIDs. From here on what the stores say of them stays true. */
  async add(digests: readonly Digest[]): Promise<void> {
    const { host, paths } = this.#services;
    for (const digest of digests) {
      if (this.#held.has(digest)) continue;
      this.#held.set(digest, await host.locks.acquire(paths.lock('blob', digest), { shared: true }));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lock of this.#held.values()) await lock.release();
    this.#held.clear();
  }
}

/** The right to remove it; undefined while some operation is about to name it. */
export function lockUnpinned({ host, paths }: Locking, digest: Digest): Promise<HeldLock | undefined> {
  return host.locks.tryAcquire(paths.lock('blob', digest));
}
