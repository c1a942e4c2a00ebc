import type { Digest } from '@strata/core';
import type { RemovedImage } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { findImage, repositoryOf } from './find-image.ts';
import { imageErrors } from './image-errors.ts';
import type { ImageRecord } from './image-record.ts';
import { isBelow, manifestsBelow } from './lineage.ts';
import { reclaimImage } from './reclaim-image.ts';

export interface RemoveOptions {
  readonly force?: boolean;
  readonly noPrune?: boolean;
}

/**
 * `docker rmi`: a name is untagged; with its last name, or by id, the image is deleted, and what it was made on, unless that
 * has a name or another use, or `noPrune` is given. Refused while a container uses it; `force` overrides that for
 * containers that do not run.
 */
export async function removeImage(
  services: InternalServices,
  reference: string,
  options: RemoveOptions = {},
): Promise<readonly RemovedImage[]> {
  const { record, name } = await findImage(services, reference);
  const force = options.force ?? false;
  const names = services.catalog.names(record.manifest.digest).map((one) => one.name);
  if (name !== undefined && names.some((other) => other !== name)) return untag(services, record, [name]);
  if (name === undefined && !force && new Set(names.map(repositoryOf)).size > 1)
    throw imageErrors.severalNames(reference);
  const running = refuseWhileUsed(services, record, { reference, force });
  const untagged = await untag(services, record, names);
  if (running) return untagged;
  const { removed } = await deleteImage(services, record);
  const parents = options.noPrune === true ? [] : await deleteParents(services, record);
  return [...untagged, ...removed, ...parents];
}

async function deleteParents(services: InternalServices, record: ImageRecord): Promise<RemovedImage[]> {
  const { catalog, database } = services;
  const all: RemovedImage[] = [];
  for (const manifest of manifestsBelow(database, record)) {
    const parent = catalog.get(manifest);
    if (parent === undefined || catalog.names(manifest).length > 0 || isBelow(database, manifest)) continue;
    if (containersOf(services, parent.config.digest).length > 0) continue;
    const { removed } = await deleteImage(services, parent);
    all.push(...removed);
  }
  return all;
}

/** May it go? True when a running container makes `force` stop at untagging. @throws failed-precondition `IMAGE_IN_USE` */
function refuseWhileUsed(
  services: InternalServices,
  record: ImageRecord,
  { reference, force }: { readonly reference: string; readonly force: boolean },
): boolean {
  if (services.catalog.byId(record.config.digest).length > 1) return false;
  const users = containersOf(services, record.config.digest);
  const running = users.find(({ status }) => status === 'running' || status === 'paused');
  const first = running ?? users[0];
  if (first !== undefined && !force) throw imageErrors.inUse(reference, first.name, running !== undefined);
  return running !== undefined;
}

export function containersOf({ database }: InternalServices, id: Digest) {
  return database.all<{ name: string; status: string }>(
    'SELECT name, status FROM containers WHERE image_id = ? ORDER BY created',
    id,
  );
}

async function untag(
  services: InternalServices,
  record: ImageRecord,
  names: readonly string[],
): Promise<RemovedImage[]> {
  const removed: RemovedImage[] = [];
  for (const name of names) {
    await using _lock = await services.host.locks.acquire(services.paths.lock('image', name));
    // It may point elsewhere by now.
    if (services.catalog.name(name) !== record.manifest.digest) continue;
    await services.imageStore.deleteReference(name);
    services.catalog.transaction(() => {
      services.catalog.deleteName(name);
      services.events.emit({
        type: 'image',
        action: 'untag',
        id: record.config.digest,
        attributes: { name },
      });
    });
    removed.push({ untagged: name });
  }
  return removed;
}

/** The row, then what only it needed. Nothing happens when somebody has named it again. */
export async function deleteImage(
  services: InternalServices,
  record: ImageRecord,
): Promise<{ readonly removed: readonly RemovedImage[]; readonly bytes: number }> {
  const { catalog } = services;
  const gone = catalog.transaction(() => {
    if (catalog.names(record.manifest.digest).length > 0) return false;
    catalog.delete(record.manifest.digest);
    services.events.emit({ type: 'image', action: 'delete', id: record.config.digest, attributes: {} });
    return true;
  });
  if (!gone) return { removed: [], bytes: 0 };
  const { layers, bytes } = await reclaimImage(services, record);
  await services.layers.reclaimRemoved();
  return { removed: [record.config.digest, ...layers].map((deleted) => ({ deleted })), bytes };
}
