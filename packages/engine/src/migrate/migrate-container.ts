/**
 * `strata migrate`: a stopped container's writable layer to another driver. A journalled layer beside the old one is
 * made like it, both are compared from fresh mounts, the copy is made durable, one transaction switches the row, and
 * only then the old layer goes. A crash anywhere leaves the row on a whole layer; see leftovers.ts for the rest.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, type Mount, plainDirectory, StrataError, type Tree } from '@strata/core';
import type { Migrated, MigrateRequest } from '../api/storage.ts';
import { emitContainer } from '../containers/container-events.ts';
import { withContainerLock } from '../containers/container-lock.ts';
import { type DiskLimit, limitDisk, moveDisk } from '../containers/disk-quota.ts';
import { reapLocked } from '../containers/reap-container.ts';
import { type ContainerRecord, isActive } from '../containers/state/container-record.ts';
import { findContainer, updateContainer } from '../containers/state/container-store.ts';
import { planSteps } from '../containers/state/journal.ts';
import { ensureUnpacked } from '../images/unpack-image.ts';
import type { InternalServices } from '../internal-services.ts';
import type { LayerStore } from '../services.ts';
import { removeOtherLayers, tryRemoveOtherLayers } from './leftovers.ts';
import { type Mirrored, mirrorTree } from './mirror-tree.ts';
import { Pulse } from './pulse.ts';
import { verifyTree } from './verify-tree.ts';

interface Move {
  readonly services: InternalServices;
  readonly record: ContainerRecord;
  readonly from: LayerStore;
  readonly to: LayerStore;
  readonly disk: DiskLimit | undefined;
  /** Below it the two are mounted. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

export async function migrateContainer(
  services: InternalServices,
  request: MigrateRequest,
): Promise<Migrated> {
  const { id } = findContainer(services.database, request.container);
  const target = await services.layers.select(request.to);
  const { signal } = request;
  const tell = (name: string, text: string) =>
    request.onProgress?.({ kind: 'message', text: `${name}: ${text}` });
  return await withContainerLock(services, id, async () => {
    const record = movable(await reapLocked(services, id), { ...request, to: target });
    await removeOtherLayers(services, record);
    const disk = await moveDisk(services, record.config, target);
    tell(record.name, `Preparing ${record.image} on ${target}`);
    await unpackImage(services, record, { ...request, to: target });
    const move: Move = {
      services,
      record,
      from: await services.layers.open(record.storage),
      to: await services.layers.open(target),
      disk,
      directory: join(services.paths.container(id), 'migrate'),
      signal: signal === undefined ? services.signal : AbortSignal.any([signal, services.signal]),
    };
    const mirrored = await copied(move, (text) => tell(record.name, text));
    switchOver(move);
    await tryRemoveOtherLayers(services, { ...record, storage: target });
    tell(record.name, `Moved from ${record.storage} to ${target}`);
    return { id, name: record.name, from: record.storage, to: target, ...mirrored };
  });
}

function movable(record: ContainerRecord | undefined, { container, to }: MigrateRequest): ContainerRecord {
  if (record === undefined)
    throw new StrataError('not-found', 'CONTAINER_NOT_FOUND', `No such container: ${container}`);
  const refuse = (code: string, message: string, hint: string) =>
    new StrataError('failed-precondition', code, message, { hint });
  if (isActive(record) || record.status === 'restarting')
    throw refuse(
      'CONTAINER_RUNNING',
      `Container ${record.name} is ${record.status}, its layer cannot be moved`,
      `Stop it first: strata stop ${record.name}`,
    );
  if (record.status === 'creating' || record.status === 'removing')
    throw refuse(
      'CONTAINER_REMOVING',
      `Container ${record.name} is half made or half removed`,
      `strata cleanup ${record.name} finishes that`,
    );
  if (record.storage === to)
    throw refuse(
      'MIGRATE_SAME_DRIVER',
      `Container ${record.name} is on ${to} already`,
      'strata storage ls shows the other drivers',
    );
  return record;
}

async function unpackImage(
  services: InternalServices,
  record: ContainerRecord,
  request: MigrateRequest,
): Promise<void> {
  const { parent } = record.config;
  if (parent === undefined) return;
  const image = services.catalog.byId(record.imageId as Digest)[0];
  if (image !== undefined) {
    const { config, manifest } = image;
    await ensureUnpacked(services, { id: config.digest, manifest }, request.to, request);
  }
  if ((await services.layers.open(request.to)).has(parent)) return;
  throw new StrataError(
    'failed-precondition',
    'IMAGE_OF_CONTAINER_GONE',
    `The image of container ${record.name} was removed, so it cannot be unpacked for ${request.to}`,
    { hint: `Pull ${record.image} again if it is still the same, or use strata export and strata import` },
  );
}

/** A layer that has proved to be the same and survives a power cut, or nothing. */
async function copied(move: Move, tell: (text: string) => void): Promise<Mirrored & { entries: number }> {
  const { services, record, to, directory } = move;
  const places = { from: join(directory, 'from'), to: join(directory, 'to') };
  services.database.transaction(() =>
    planSteps(services.database, record.id, [
      { step: 'layer', driver: to.driverId, key: record.id },
      { step: 'run-directory', path: directory },
      { step: 'mount', target: places.from },
      { step: 'mount', target: places.to },
    ]),
  );
  try {
    await prepare(move);
    for (const place of Object.values(places)) await mkdir(place, { recursive: true, mode: 0o700 });
    tell(`Copying from ${record.storage} to ${to.driverId}`);
    const mirrored = await withTrees(move, 'rw', (...trees) => mirrorTree(...trees, new Pulse(move.signal)));
    tell(`Comparing ${mirrored.changes} changes and all other files`);
    const entries = await withTrees(move, 'ro', (...trees) => verifyTree(...trees, new Pulse(move.signal)));
    if (services.config.durable !== false) await to.driver.flush();
    return { changes: mirrored.changes, bytes: mirrored.bytes, entries };
  } catch (error) {
    await tryRemoveOtherLayers(services, record);
    throw error;
  }
}

/** Under the same limit, so that what does not fit fails now. */
async function prepare({ record: { id, config }, to, disk }: Move): Promise<void> {
  await to.prepare(id, config.parent ?? '');
  if (disk !== undefined) await limitDisk(to, id, disk);
}

/** Both whole trees: the old read-only, the new as asked. Unmounted again in any case. */
async function withTrees<T>(
  { services, record, from, to, directory }: Move,
  access: 'rw' | 'ro',
  use: (source: Tree, target: Tree) => Promise<T>,
): Promise<T> {
  await using mounts = new AsyncDisposableStack();
  const { files, mounter } = services.host;
  const open = async (store: LayerStore, how: 'rw' | 'ro', target: string): Promise<Tree> => {
    const described = await store.driver.mounts(await store.layer(record.id), how);
    return mounts.use(files.openTree(await placed(described, target)));
  };
  const placed = async (described: readonly Mount[], target: string): Promise<string> => {
    const plain = plainDirectory(described);
    if (plain !== undefined) return plain;
    await mounter.mount(described, target);
    mounts.defer(() => mounter.unmount(target));
    return target;
  };
  const source = await open(from, 'ro', join(directory, 'from'));
  return await use(source, await open(to, access, join(directory, 'to')));
}

function switchOver({ services, record, to, disk }: Move): void {
  const { diskBacking: _, ...config } = record.config;
  services.database.transaction(() => {
    updateContainer(services.database, record.id, { storage: to.driverId, config: { ...config, ...disk } });
    emitContainer(services, record, 'migrate', { from: record.storage, to: to.driverId });
  });
}
