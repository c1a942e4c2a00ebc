/**
 * The keeper: what must happen while containers run and nobody is there. There is no daemon, so the first container
 * that needs it starts one process for all of a store, and it ends when the last such container has ended. It holds
 * a lock, so there is one at a time; a killed one is replaced by the next start, and until then nothing is lost:
 * logs grow.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineServices } from '../../services.ts';
import { type ContainerRecord, isActive } from '../state/container-record.ts';
import { allContainers } from '../state/container-store.ts';
import { rotateLogs } from './rotate-logs.ts';
import { needsKeeper } from './start-keeper.ts';

/** How long a log may be over its limit. */
const interval = 500;

/** Runs until no container needs it. Returns at once when there is another. */
export async function keep(services: EngineServices): Promise<void> {
  // Asked again after the lock is free: whoever started a container meanwhile saw us hold it.
  while (kept(services).length > 0) {
    await using lock = await services.host.locks.tryAcquire(services.paths.lock('container', 'keeper'));
    if (lock === undefined) return;
    for (let records = kept(services); records.length > 0; records = kept(services)) {
      await rotateLogs(services, records);
      await delay(interval, undefined, { signal: services.signal }).catch(() => undefined);
      if (services.signal.aborted) return;
    }
  }
}

/** Those that run and need us. */
function kept(services: EngineServices): ContainerRecord[] {
  return allContainers(services.database, "status IN ('running', 'paused')").filter(
    (record) =>
      isActive(record) &&
      needsKeeper(record) &&
      record.process !== undefined &&
      services.host.processes.alive(record.process.monitor),
  );
}
