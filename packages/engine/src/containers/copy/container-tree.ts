/**
 * The files of a container as it sees them. A running one is entered through /proc/<pid>/root, so volumes, binds and
 * tmpfs are there; a stopped one is mounted with its volumes and binds for the time of a copy. All access is by Tree:
 * a container that swaps components meanwhile leads nowhere outside.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type HeldLock, plainDirectory, StrataError, type Tree } from '@strata/core';
import type { BindRequest } from '../../api/containers.ts';
import type { EngineServices } from '../../services.ts';
import { bindVolumes } from '../../volumes/mount-volumes.ts';
import { reapLocked } from '../reap-container.ts';
import { mountRootfs } from '../rootfs/mount-rootfs.ts';
import { readyRootfs } from '../rootfs/ready-rootfs.ts';
import { realInside, statType } from '../rootfs/resolve-inside.ts';
import { type ContainerRecord, isActive } from '../state/container-record.ts';
import { findContainer } from '../state/container-store.ts';
import { planSteps } from '../state/journal.ts';
import { undoSteps } from '../undo.ts';

export interface ContainerTree extends AsyncDisposable {
  readonly tree: Tree;
  readonly record: ContainerRecord;
}

/** The view of a running container's init. @throws failed-precondition when it ended */
export function processTree(services: EngineServices, record: ContainerRecord): Tree {
  const process = record.process?.process;
  const ended = () =>
    new StrataError(
      'failed-precondition',
      'CONTAINER_NOT_RUNNING',
      `Container ${record.name} is not running`,
    );
  if (process === undefined || !services.host.processes.alive(process)) throw ended();
  const tree = services.host.files.openTree(`/proc/${process.pid}/root`);
  // Looked at again once the directory is held: a recycled pid cannot lead elsewhere.
  if (services.host.processes.alive(process)) return tree;
  tree.close();
  throw ended();
}

/** The root filesystem of a running container without anything that is mounted in it. */
async function ownTree(services: EngineServices, { id, storage }: ContainerRecord): Promise<Tree> {
  const layers = await services.layers.open(storage);
  const plain = plainDirectory(await layers.mounts(id));
  return services.host.files.openTree(plain ?? join(services.paths.container(id), 'rootfs'));
}

/** `volumes: false`: only what is the container's own. Whether it runs is known once it is locked. */
export async function openContainerTree(
  services: EngineServices,
  reference: string,
  { volumes }: { readonly volumes: boolean } = { volumes: true },
): Promise<ContainerTree> {
  const { id } = findContainer(services.database, reference);
  const lock = await services.host.locks.acquire(services.paths.lock('container', id), {
    signal: services.signal,
  });
  try {
    const record = (await reapLocked(services, id)) ?? findContainer(services.database, reference);
    if (isActive(record)) {
      const tree = volumes ? processTree(services, record) : await ownTree(services, record);
      await lock.release();
      return { tree, record, [Symbol.asyncDispose]: async () => tree.close() };
    }
    return await mountStopped(services, volumes ? record : withoutVolumes(record), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function withoutVolumes(record: ContainerRecord): ContainerRecord {
  return { ...record, config: { ...record.config, mounts: [] } };
}

/** Holds the lock until disposed: nothing may start over our mounts. */
async function mountStopped(
  services: EngineServices,
  record: ContainerRecord,
  lock: HeldLock,
): Promise<ContainerTree> {
  const target = join(services.paths.container(record.id), 'rootfs');
  // What a copy that died with its process left mounted.
  await undoSteps(services, record.id, 'run');
  services.database.transaction(() => planSteps(services.database, record.id, [{ step: 'mount', target }]));
  const undo = async () => {
    try {
      await undoSteps(services, record.id, 'run');
    } finally {
      await lock.release();
    }
  };
  try {
    const tree = services.host.files.openTree(await mountWhole(services, record, target));
    const dispose = async () => {
      tree.close();
      await undo();
    };
    return { tree, record, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** The root filesystem with volumes and binds on it. Returns where it is. */
async function mountWhole(
  services: EngineServices,
  record: ContainerRecord,
  target: string,
): Promise<string> {
  const { config, id } = record;
  const layers = await services.layers.open(record.storage);
  const rootfs = await mountRootfs(services, await layers.mounts(id), target);
  // A source that has vanished keeps the container from starting, but not its other files from being copied.
  const present = config.mounts.filter(
    ({ type, source }) => type !== 'bind' || source === undefined || existsSync(source),
  );
  await readyRootfs(services, { id, config: { ...config, mounts: present }, rootfs });
  const { mounts } = await bindVolumes(services, { mounts: present });
  if (mounts.length === 0) return rootfs;
  if (rootfs !== target) {
    // A layer that needs no mount is shown at the mountpoint all the same: volumes are not mounted into a layer.
    await mkdir(target, { recursive: true, mode: 0o700 });
    await services.host.mounter.mount([{ type: 'bind', source: rootfs, options: ['bind'] }], target);
  }
  await mountBinds(services, mounts, target);
  return target;
}

async function mountBinds(
  services: EngineServices,
  mounts: readonly BindRequest[],
  rootfs: string,
): Promise<void> {
  const binds = mounts.filter(({ type }) => type === 'bind');
  for (const { target, source = '', readOnly } of binds.toSorted(
    (a, b) => a.target.length - b.target.length,
  )) {
    using tree = services.host.files.openTree(rootfs);
    if (statType(tree, target) === undefined || !existsSync(source)) continue;
    const place = join(rootfs, realInside(tree, target));
    const options = ['rbind', ...(readOnly === true ? ['ro'] : [])];
    await services.host.mounter.mount([{ type: 'bind', source, options }], place);
  }
}
