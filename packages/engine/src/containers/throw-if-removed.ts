import { StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import type { ContainerRecord } from './state/container-record.ts';
import { containerById } from './state/container-store.ts';

/**
 * To be asked by what reads the files of a running container, which it does without the container's lock, once it has
 * read them or failed to: a removal in the middle looks like a container with fewer files.
 * @throws aborted `CONTAINER_REMOVED`
 */
export function throwIfRemoved(
  { database }: EngineServices,
  { id, name }: Pick<ContainerRecord, 'id' | 'name'>,
): void {
  const status = containerById(database, id)?.status;
  if (status !== undefined && status !== 'removing') return;
  throw new StrataError('aborted', 'CONTAINER_REMOVED', `Container ${name} was removed meanwhile`, {
    hint: 'What was read of it is not whole, and was thrown away',
  });
}
