/** Finish what dead processes left: ends nobody recorded, removals and creations half done, steps without a row. */
import { otherLayers } from '../migrate/leftovers.ts';
import type { EngineServices } from '../services.ts';
import { isLeaseAlive } from '../state/lease.ts';
import { withContainerLock } from './container-lock.ts';
import { reapContainer, reapLocked } from './reap-container.ts';
import { abandonContainer, finishRemoval } from './remove-container.ts';
import { restartEnded } from './restart/restart-container.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { allContainers, findContainer } from './state/container-store.ts';
import { intentsOf, orphanIntents } from './state/journal.ts';
import { undoIntents, undoSteps } from './undo.ts';

/** Called by the monitor with the id. A container that is gone was reaped by somebody else. */
export async function reapByName(services: EngineServices, id: string): Promise<void> {
  await reapContainer(services, id);
  await restartEnded(services, id);
}

/** One sentence per thing that was done. */
export async function cleanupContainers(
  services: EngineServices,
  reference?: string,
): Promise<readonly string[]> {
  const records =
    reference === undefined
      ? allContainers(services.database)
      : [findContainer(services.database, reference)];
  const done: string[] = [];
  for (const record of records) {
    await using lock = await services.host.locks.tryAcquire(services.paths.lock('container', record.id));
    // Whoever holds the lock is alive and at work.
    if (lock === undefined) continue;
    const sentence = await cleanupOne(services, record).catch(failedFor(record.name));
    if (sentence !== undefined) done.push(sentence);
  }
  if (reference === undefined)
    done.push(...(await cleanupOrphans(services)), ...(await cleanupLayers(services)));
  return done;
}

async function cleanupOne(services: EngineServices, found: ContainerRecord): Promise<string | undefined> {
  const migrated = !isActive(found) && otherLayers(services.database, found).length > 0;
  const record = await reapLocked(services, found.id);
  if (record === undefined) return `Recorded the end of ${found.name} and removed it`;
  if (record.status === 'removing') {
    await finishRemoval(services, record);
    return `Finished the removal of ${record.name}`;
  }
  if (record.status === 'creating') {
    await abandonContainer(services, record.id);
    return `Took down ${record.name}, which was never finished`;
  }
  if (isActive(record)) return undefined;
  if (intentsOf(services.database, record.id, 'run').length > 0) {
    await undoSteps(services, record.id, 'run');
    return `Cleaned up after ${record.name}`;
  }
  if (migrated && otherLayers(services.database, record).length === 0)
    return `Removed the other copy of ${record.name}, whose migration was interrupted`;
  return isActive(found) ? `Recorded the end of ${record.name}` : undefined;
}

async function cleanupOrphans(services: EngineServices): Promise<string[]> {
  const intents = orphanIntents(services.database);
  const ids = [...new Set(intents.map(({ container }) => container))];
  const done: string[] = [];
  for (const id of ids) {
    const own = intents.filter(({ container }) => container === id);
    const short = id.slice(0, 12);
    done.push(
      await withContainerLock(services, id, () => undoIntents(services, own)).then(
        () => `Cleaned up after the vanished container ${short}`,
        failedFor(short),
      ),
    );
  }
  return done;
}

/** Layers of no container, a pull's say, that a dead process left half made or half removed. */
async function cleanupLayers(services: EngineServices): Promise<string[]> {
  const { database, host, layers } = services;
  const rows = database.all<{ driver: string; lease: string | null }>(
    "SELECT driver, lease FROM layers WHERE state != 'ready' ORDER BY driver",
  );
  const left = rows.filter(({ lease }) => !isLeaseAlive(host.processes, lease));
  const done: string[] = [];
  for (const driver of new Set(left.map((row) => row.driver))) {
    const count = left.filter((row) => row.driver === driver).length;
    const what = count === 1 ? 'a layer' : `${count} layers`;
    const reclaimed = layers.open(driver).then((store) => store.reclaim());
    done.push(
      await reclaimed.then(
        () => `Removed ${what} left unfinished on ${driver}`,
        failedFor(`layers on ${driver}`),
      ),
    );
  }
  return done;
}

/** One that cannot be taken down now (something is busy) must not keep the others. */
function failedFor(name: string): (error: unknown) => string {
  return (error) =>
    `Could not clean up after ${name}: ${error instanceof Error ? error.message : String(error)}`;
}
