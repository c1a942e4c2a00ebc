import { rmSync } from 'node:fs';
import { type ExitStatus, StrataError } from '@strata/core';
import type { ContainersApi } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { volatileTransaction } from '../state/volatile.ts';
import { anonymousOf } from '../volumes/volume-store.ts';
import { attendEnd } from './attendance.ts';
import { emitContainer } from './container-events.ts';
import { hasLabel } from './container-filter.ts';
import { withContainerLock } from './container-lock.ts';
import { reapLocked, recordEnd } from './reap-container.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import {
  allContainers,
  containerById,
  deleteContainer,
  findContainer,
  updateContainer,
} from './state/container-store.ts';
import { killAll, killContainer } from './stop-container.ts';
import { undoSteps } from './undo.ts';

/** rm: refuse or kill what runs → mark `removing` → undo every step → forget the row. */
export async function removeContainer(
  services: EngineServices,
  reference: string,
  options: { readonly force?: boolean; readonly volumes?: boolean } = {},
): Promise<void> {
  const found = findContainer(services.database, reference);
  const { id } = found;
  if (options.force === true && isActive(found)) await endStop(services, id);
  await withContainerLock(services, id, async () => {
    const record = await reapLocked(services, id);
    if (record === undefined) return;
    const volumes = options.volumes === true || (isActive(record) && record.autoRemove);
    // One that waits for its next start is a service that runs, as far as its user knows.
    if ((isActive(record) || record.status === 'restarting') && options.force !== true)
      throw new StrataError(
        'failed-precondition',
        'CONTAINER_RUNNING',
        `Container ${record.name} is ${record.status}, it cannot be removed`,
        { hint: 'Stop it first, or remove it with -f' },
      );
    await using _attendance = isActive(record) ? await attendEnd(services, record) : undefined;
    if (!isActive(record)) updateContainer(services.database, id, { status: 'removing' });
    else recordLastEnd(services, record, await killAll(services, record));
    await finishRemoval(services, record, { volumes });
  });
}

/** A `stop` holds the lock for all of its grace period, which nobody who forces a removal wants to wait out. */
async function endStop(services: EngineServices, id: string): Promise<void> {
  const lock = await services.host.locks.tryAcquire(services.paths.lock('container', id));
  await lock?.release();
  if (lock !== undefined) return;
  await killContainer(services, id).catch((error: unknown) => {
    // It has ended, or is gone: what follows sees that.
    services.host.log.debug('not killed', { id, error: String(error) });
  });
}

/**
 * What it ran is undone with the rest, in one round. Nothing durable depends on this yet: after a power cut it has ended
 * in any case, and its layer is marked, durably, before any of it goes.
 */
function recordLastEnd(services: EngineServices, record: ContainerRecord, status: ExitStatus): void {
  volatileTransaction(services.database, () => recordEnd(services, record, { status, next: 'removing' }));
}

/** The rest of a removal, also of one that a dead process began. The caller holds the lock. */
export async function finishRemoval(
  services: EngineServices,
  record: ContainerRecord,
  options: { readonly volumes: boolean } = { volumes: record.autoRemove },
): Promise<void> {
  const volumes = options.volumes ? anonymousOf(services.database, record.id) : [];
  await undoSteps(services, record.id, 'all', () => {
    deleteContainer(services.database, record.id);
    emitContainer(services, record, 'destroy');
  });
  forgetLock(services, record.id);
  await removeVolumes(services, volumes);
}

async function removeVolumes(services: EngineServices, names: readonly string[]): Promise<void> {
  if (names.length > 0) await (await import('../volumes/remove-volume.ts')).removeUnused(services, names);
}

/** Ids are never used again, and whoever still waits for the lock finds no row. */
function forgetLock(services: EngineServices, id: string): void {
  rmSync(services.paths.lock('container', id), { force: true });
}

/** A container that never came to be: undo all of it. When that fails too, the row stays for `cleanup`. */
export async function abandonContainer(services: EngineServices, id: string): Promise<void> {
  const record = containerById(services.database, id);
  if (record === undefined) return;
  try {
    const volumes = anonymousOf(services.database, id);
    updateContainer(services.database, id, { status: 'removing' });
    await undoSteps(services, id, 'all', () => deleteContainer(services.database, id));
    forgetLock(services, id);
    await removeVolumes(services, volumes);
  } catch (error) {
    services.host.log.warn('a failed container could not be taken down', { id, error: String(error) });
  }
}

export async function pruneContainers(
  services: EngineServices,
  { labels = [], until }: NonNullable<Parameters<ContainersApi['prune']>[0]> = {},
): Promise<{ removed: string[]; reclaimedBytes: number }> {
  const removed: string[] = [];
  let reclaimedBytes = 0;
  for (const record of allContainers(services.database, "status IN ('created', 'exited', 'dead')")) {
    if (!labels.every((wanted) => wantedLabel(record, wanted))) continue;
    if (until !== undefined && record.created >= until) continue;
    reclaimedBytes += await ownBytes(services, record);
    try {
      await removeContainer(services, record.id);
      removed.push(record.id);
    } catch (error) {
      // Started or removed by somebody else in the meantime.
      services.host.log.debug('not pruned', { id: record.id, error: String(error) });
    }
  }
  return { removed, reclaimedBytes };
}

/** `x`, `x=y`, and Docker's `!x`. */
function wantedLabel({ labels }: ContainerRecord, wanted: string): boolean {
  return wanted.startsWith('!') ? !hasLabel(labels, wanted.slice(1)) : hasLabel(labels, wanted);
}

export async function ownBytes(services: EngineServices, record: ContainerRecord): Promise<number> {
  try {
    return (await (await services.layers.open(record.storage)).usage(record.id)).bytes;
  } catch {
    return 0;
  }
}
