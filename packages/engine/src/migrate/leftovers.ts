/**
 * A container's layer is on the driver its row names. Whatever other layer its journal knows is a copy: half made
 * before the switch, obsolete after it. So one rule repairs a migration that died at any point.
 */
import type { Database } from '@strata/core';
import type { ContainerRecord } from '../containers/state/container-record.ts';
import { type Intent, intentsOf } from '../containers/state/journal.ts';
import { undoIntents } from '../containers/undo.ts';
import type { EngineServices } from '../services.ts';

type Container = Pick<ContainerRecord, 'id' | 'storage' | 'status'>;

/** Newest first. None while the container is being made or removed: all of it goes together then. */
export function otherLayers(database: Database, { id, storage, status }: Container): Intent[] {
  if (status === 'creating' || status === 'removing') return [];
  return intentsOf(database, id).filter(({ step }) => step.step === 'layer' && step.driver !== storage);
}

/** Mounts first, then the layers. The caller holds the lock of a container that does not run. */
export async function removeOtherLayers(services: EngineServices, container: Container): Promise<boolean> {
  const { database } = services;
  const layers = otherLayers(database, container);
  if (layers.length === 0) return false;
  await undoIntents(services, [...intentsOf(database, container.id, 'run'), ...layers]);
  return true;
}

/** For commands with another aim: what cannot be removed today waits for the next, or for `check --repair`. */
export async function tryRemoveOtherLayers(services: EngineServices, container: Container): Promise<void> {
  await removeOtherLayers(services, container).catch((error: unknown) => {
    services.host.log.warn('the other copy of a migrated container could not be removed', {
      container: container.id,
      error: String(error),
    });
  });
}
