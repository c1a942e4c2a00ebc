import { existsSync } from 'node:fs';
import type { Digest } from '@strata/core';
import { removeLayer } from '../images/reclaim-image.ts';
import type { InternalServices } from '../internal-services.ts';

/** Committed layers no image or container needs, what dead processes left half made, and trash; on every driver. Other engines' layers stay. */
export async function pruneLayers(
  services: InternalServices,
): Promise<{ readonly removedLayers: number; readonly reclaimedBytes: number }> {
  let removedLayers = 0;
  let reclaimedBytes = 0;
  for (const driver of services.drivers.ids('layer')) {
    // One without rows may still have trash.
    if (!existsSync(services.paths.layers(driver))) continue;
    if (!(await services.drivers.probe('layer', driver)).supported) continue;
    // Newest first, so that children go before their parents.
    for (const name of committed(services, driver)) {
      const bytes = await removeLayer(services, driver, name);
      if (bytes === undefined) continue;
      removedLayers += 1;
      reclaimedBytes += bytes;
    }
    await (await services.layers.open(driver)).reclaim();
  }
  return { removedLayers, reclaimedBytes };
}

function committed({ database }: InternalServices, driver: string): Digest[] {
  return database
    .all<{ key: Digest }>(
      `SELECT key FROM layers WHERE driver = ? AND owner = '' AND kind = 'committed' AND state = 'ready'
       ORDER BY seq DESC`,
      driver,
    )
    .map((row) => row.key);
}
