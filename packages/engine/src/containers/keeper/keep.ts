/**
 * The keeper: what must happen while containers run and nobody is there. There is no daemon, so the first container
 * that needs it starts one process for all of a store, and it ends when the last such container has ended. It holds
 * a lock, so there is one at a time; a killed one is replaced by the next start, or the next who looks. Until then
 * logs grow and health is not known.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineServices } from '../../services.ts';
import { HealthWatch } from '../health/watch-health.ts';
import { noteOom } from './note-oom.ts';
import { LogRotation } from './rotate-logs.ts';
import { keeperLock, keptContainers } from './start-keeper.ts';

/** Milliseconds between looks at who runs. */
const interval = 500;

/** Runs until no container needs it. Returns at once when there is another. */
export async function keep(services: EngineServices): Promise<void> {
  // Asked again after the lock is free: whoever started a container meanwhile saw us hold it.
  while (keptContainers(services).length > 0) {
    await using lock = await services.host.locks.tryAcquire(services.paths.lock('container', keeperLock));
    if (lock === undefined) return;
    await using health = new HealthWatch(services);
    const rotation = new LogRotation(services);
    for (let kept = keptContainers(services); kept.length > 0; kept = keptContainers(services)) {
      health.follow(kept);
      await noteOom(services, kept);
      for (const until = performance.now() + interval; performance.now() < until; ) {
        const pause = Math.min(await rotation.rotate(kept), Math.max(until - performance.now(), 1));
        await delay(pause, undefined, { signal: services.signal }).catch(() => undefined);
        if (services.signal.aborted) return;
      }
    }
  }
}
