/**
 * `--storage-opt size=…`: a limit on what a container writes to its own layer, kept by the driver's quota or, with
 * `backing=loop`, by a filesystem of that size in a sparse file.
 */
import { hasLoopBacking, hasQuota, type LayerDriver, StrataError } from '@strata/core';
import type { CreateRequest } from '../api/containers.ts';
import type { EngineServices, LayerStore } from '../services.ts';

export interface DiskLimit {
  readonly diskSize: number;
  readonly diskBacking?: 'loop';
}

/** A limit, and what its driver has to say about it. */
export interface DiskPlan {
  readonly limit: DiskLimit;
  readonly warning?: string;
}

const CHOICES =
  'Use --storage=btrfs on a pool of its own (strata storage init btrfs --size 20G) or on a btrfs with quotas ' +
  'enabled; --storage=overlay with --root on xfs or ext4 mounted with prjquota, and setquota and repquota (Debian: quota) installed; or --storage=overlay with ' +
  '--storage-opt size=…,backing=loop, which keeps the container in a sparse file';
const UNLIMITED =
  'The configuration asks for this limit; --storage-opt size=0 makes a container without one. ';

/**
 * The limit of a new container, before anything is made: its own, or the configuration's. A limit that cannot be kept
 * is refused whoever asked for it; the configuration's `backing` is for where the driver has no quota.
 * @throws unsupported `QUOTA_UNSUPPORTED`, `QUOTA_BACKING`; invalid-argument `QUOTA_INVALID`
 */
export async function planDisk(
  services: EngineServices,
  { diskSize, diskBacking }: Pick<CreateRequest, 'diskSize' | 'diskBacking'>,
  storage: string,
): Promise<DiskPlan | undefined> {
  const { sizeBytes = 0, backing } = services.config.disk ?? {};
  const size = diskSize ?? sizeBytes;
  if (size === 0) {
    if (diskBacking === undefined) return undefined;
    throw new StrataError('invalid-argument', 'QUOTA_INVALID', 'A backing needs a size', {
      hint: '--storage-opt size=10G,backing=loop',
    });
  }
  const { driver } = await services.layers.open(storage);
  if (diskBacking !== undefined) {
    if (!hasLoopBacking(driver)) throw refuseBacking(driver, storage);
    return { limit: { diskSize: size, diskBacking } };
  }
  const found = limitOn(driver, {
    diskSize: size,
    ...(backing === undefined ? {} : { diskBacking: backing }),
  });
  if (found === undefined) throw refusal(storage, diskSize === undefined ? UNLIMITED : '');
  const byQuota = found.diskBacking === undefined && hasQuota(driver);
  const warning = byQuota ? await driver.quotaCaveat?.() : undefined;
  return { limit: found, ...(warning === undefined ? {} : { warning }) };
}

/** The same limit on another driver, kept in its own way. @throws unsupported `QUOTA_UNSUPPORTED` */
export async function moveDisk(
  services: EngineServices,
  { diskSize, diskBacking }: Partial<DiskLimit>,
  storage: string,
): Promise<DiskLimit | undefined> {
  if (diskSize === undefined) return undefined;
  const { driver } = await services.layers.open(storage);
  const found = limitOn(driver, { diskSize, ...(diskBacking === undefined ? {} : { diskBacking }) });
  if (found === undefined) throw refusal(storage);
  return found;
}

/** Before it is mounted for the first time; gone with the layer. */
export async function limitDisk(
  layers: LayerStore,
  key: string,
  { diskSize, diskBacking }: Partial<DiskLimit>,
): Promise<void> {
  if (diskSize === undefined) return;
  const { driver, driverId } = layers;
  const layer = await layers.layer(key);
  if (diskBacking !== undefined) {
    if (!hasLoopBacking(driver)) throw refuseBacking(driver, driverId);
    await driver.setBacking(layer, { bytes: diskSize });
  } else {
    if (!hasQuota(driver)) throw refusal(driverId);
    await driver.setQuota(layer, { bytes: diskSize });
  }
}

/** By quota where there is one: it costs nothing. */
function limitOn(driver: LayerDriver, { diskSize, diskBacking }: DiskLimit): DiskLimit | undefined {
  if (hasQuota(driver)) return { diskSize };
  return diskBacking !== undefined && hasLoopBacking(driver) ? { diskSize, diskBacking } : undefined;
}

function refusal(storage: string, why = ''): StrataError {
  return new StrataError(
    'unsupported',
    'QUOTA_UNSUPPORTED',
    `Layer driver ${storage} cannot limit the size of a container here`,
    { hint: `${why}${CHOICES}` },
  );
}

function refuseBacking(driver: LayerDriver, storage: string): StrataError {
  return new StrataError(
    'unsupported',
    'QUOTA_BACKING',
    `Layer driver ${storage} does not keep containers in files of their own`,
    {
      hint: hasQuota(driver)
        ? 'Leave backing=loop out: it limits the size by quota'
        : '--storage=overlay does, on any filesystem',
    },
  );
}
