import type { Finding, SystemApi } from '../api/system.ts';
import type { InternalServices } from '../internal-services.ts';
import { checkBlobs } from './check-blobs.ts';
import { checkLayers } from './check-layers.ts';
import { checkLeftovers } from './check-leftovers.ts';
import { checkNames } from './check-names.ts';
import { Findings } from './findings.ts';

/** Containers first: their layers and mounts are released before layers are judged. */
export async function checkStore(
  services: InternalServices,
  options: Parameters<SystemApi['check']>[0] = {},
): Promise<readonly Finding[]> {
  const { repair = false, deep = false } = options;
  const signal =
    options.signal === undefined ? services.signal : AbortSignal.any([options.signal, services.signal]);
  const findings = new Findings(repair);
  for (const line of services.database.integrity())
    await findings.add({
      code: 'STORE_CORRUPT',
      message: `The database is damaged: ${line}`,
      subject: services.paths.database,
    });
  const { checkNetworks } = await import('../networks/check-networks.ts');
  const { checkVolumes } = await import('../volumes/check-volumes.ts');
  const { checkContainers } = await import('../containers/check-containers.ts');
  const containers = await checkContainers(services, { repair });
  await checkNetworks(services, findings);
  await checkVolumes(services, findings);
  await checkLeftovers(services, findings);
  await checkLayers(services, findings);
  await checkNames(services, findings);
  await checkBlobs(services, findings, { deep, signal });
  return [...containers, ...findings.list];
}
