/** `--storage-opt size=…`: a limit on what a container writes to its own layer. */
import { hasQuota, StrataError } from '@strata/core';
import type { EngineServices, LayerStore } from '../services.ts';

function refusal(storage: string): StrataError {
  return new StrataError(
    'unsupported',
    'QUOTA_UNSUPPORTED',
    `Layer driver ${storage} cannot limit the size of a container here`,
    {
      hint:
        'Use --storage=btrfs on a pool of its own (strata storage init btrfs --size 20G) or on a btrfs with quotas ' +
        'enabled; or --storage=overlay with --root on xfs or ext4 mounted with prjquota',
    },
  );
}

/** Before anything is made. @throws unsupported `QUOTA_UNSUPPORTED` */
export async function requireQuota(services: EngineServices, storage: string): Promise<void> {
  const { driver } = await services.layers.open(storage);
  if (!hasQuota(driver)) throw refusal(storage);
}

/** Before it is mounted for the first time; gone with the layer. */
export async function limitDisk(layers: LayerStore, key: string, bytes: number): Promise<void> {
  const { driver, driverId } = layers;
  if (!hasQuota(driver)) throw refusal(driverId);
  await driver.setQuota(await layers.layer(key), { bytes });
}
