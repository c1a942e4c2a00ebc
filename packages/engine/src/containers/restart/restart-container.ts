/**
 * Restarts without a daemon: whoever records an end marks the container `restarting`, and the monitor's exit command,
 * which runs at every end, waits out the delay and starts it. One that dies meanwhile is made up for by `strata
 * system start`; the status says what is due.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineServices } from '../../services.ts';
import { withContainerLock } from '../container-lock.ts';
import { reviveKeeper } from '../keeper/start-keeper.ts';
import { reapAll } from '../reap-container.ts';
import { startLocked } from '../start-container.ts';
import { isActive } from '../state/container-record.ts';
import { allContainers, containerById, updateContainer } from '../state/container-store.ts';
import { restartDelay, shortRuns } from './restart-policy.ts';

/** Start it after its delay, if nobody stopped, started or removed it meanwhile. */
export async function restartEnded(services: EngineServices, id: string): Promise<void> {
  const record = containerById(services.database, id);
  if (record?.status !== 'restarting') return;
  await delay(restartDelay(record), undefined, { signal: services.signal });
  await restartNow(services, id);
}

async function restartNow(services: EngineServices, id: string): Promise<void> {
  await withContainerLock(services, id, async () => {
    const record = containerById(services.database, id);
    if (record?.status !== 'restarting') return;
    updateContainer(services.database, id, {
      restarts: record.restarts + 1,
      shortRuns: shortRuns(record),
    });
    const session = await startLocked(services, id, { attach: false });
    await session[Symbol.asyncDispose]();
  });
}

/** At the start of the system: what was running when it went down, and what is always to run. */
export async function startWanted(services: EngineServices): Promise<string[]> {
  await reapAll(services);
  await reviveKeeper(services);
  const started: string[] = [];
  for (const { id, name } of allContainers(services.database, "status IN ('restarting', 'exited')")) {
    const record = containerById(services.database, id);
    if (record === undefined || isActive(record)) continue;
    const policy = record.config.restart?.name ?? 'no';
    const wanted = policy === 'always' || (policy === 'unless-stopped' && !record.stopped);
    if (!wanted && record.status !== 'restarting') continue;
    updateContainer(services.database, id, { status: 'restarting' });
    await restartNow(services, id).then(
      () => started.push(name),
      (error: unknown) => services.host.log.error('not started', { name, error: String(error) }),
    );
  }
  return started;
}
