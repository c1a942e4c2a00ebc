/** A lock between processes; gone with its holder (flock(2)), so a crash never leaves one behind. */
export interface HeldLock extends AsyncDisposable {
  release(): Promise<void>;
}

export interface Locks {
  /**
   * Take the lock file exclusively (or shared), waiting without blocking the event loop. One per object (blob,
   * chainID, container), never one for the store. @throws aborted by `signal`; unavailable after `timeout` ms
   */
  acquire(
    path: string,
    options?: { readonly shared?: boolean; readonly signal?: AbortSignal; readonly timeout?: number },
  ): Promise<HeldLock>;
  /** Take it only if nobody holds it. */
  tryAcquire(path: string, options?: { readonly shared?: boolean }): Promise<HeldLock | undefined>;
}
