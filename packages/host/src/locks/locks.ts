import { constants } from 'node:fs';
import { type HeldLock, type Locks, StrataError } from '@strata/core';
import { monotonic } from '../clock.ts';
import { aborted } from '../errors.ts';
import { native } from '../native.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_UN = 8;
const AT_FDCWD = -100;
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 20;

type Options = NonNullable<Parameters<Locks['acquire']>[1]>;

/** Lock files stay: removing one while somebody waits on it would let two processes hold "the" lock. */
function open(path: string): number {
  return native().open(AT_FDCWD, path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}

function held(fd: number): HeldLock {
  let closed = false;
  const release = async () => {
    if (closed) return;
    closed = true;
    // Unlocked by name: a child that is just between fork and exec still has a copy of the descriptor.
    native().flock(fd, LOCK_UN);
    native().close(fd);
  };
  return { release, [Symbol.asyncDispose]: release };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}

function timedOut(path: string, timeout: number): StrataError {
  return new StrataError(
    'unavailable',
    'LOCK_TIMEOUT',
    `Another process is still working on this after ${timeout} ms`,
    {
      hint: 'Wait for the other strata command to end, then try again',
      context: { path },
    },
  );
}

/**
 * Asks again after 1, 2, 4 … 20 ms. Blocking flock(2) would hold a thread per waiter: four waiters fill the libuv
 * pool, and the holder, which may be this very process, could then never finish.
 */
async function wait(fd: number, path: string, options: Options): Promise<void> {
  const { signal, timeout } = options;
  const deadline = timeout === undefined ? Number.POSITIVE_INFINITY : monotonic() + timeout;
  for (let ms = FIRST_PAUSE; ; ms = Math.min(ms * 2, LONGEST_PAUSE)) {
    if (signal?.aborted) throw aborted(signal);
    if (native().flock(fd, options.shared ? LOCK_SH : LOCK_EX) === 0) return;
    if (monotonic() >= deadline) throw timedOut(path, timeout ?? 0);
    await pause(Math.min(ms, Math.max(1, deadline - monotonic())), signal);
  }
}

/** flock(2) locks: they belong to the open file, so two acquirers in one process exclude each other too. */
export function createLocks(): Locks {
  return {
    async acquire(path, options = {}) {
      const fd = open(path);
      try {
        await wait(fd, path, options);
      } catch (error) {
        native().close(fd);
        throw error;
      }
      return held(fd);
    },
    async tryAcquire(path, options = {}) {
      const fd = open(path);
      if (native().flock(fd, options.shared ? LOCK_SH : LOCK_EX) === 0) return held(fd);
      native().close(fd);
      return undefined;
    },
  };
}
