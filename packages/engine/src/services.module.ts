import { ContainerModule } from 'inversify';
import type { Registry } from './drivers/driver-registry.ts';
import type { Pools } from './drivers/pools.ts';
import type { Selection } from './drivers/select-driver.ts';
import type { Composition } from './engine.module.ts';
import { ImageCatalog } from './images/image-catalog.ts';
import type { LazyImageStore } from './images/lazy-image-store.ts';
import type { InternalServices } from './internal-services.ts';
import type { EventLog, LayerStores } from './services.ts';
import type { StorePaths } from './state/paths.ts';
import type { Settings } from './state/settings.ts';
import { tokens } from './tokens.ts';

export const servicesModule = new ContainerModule(({ bind }) => {
  bind(tokens.services)
    .toResolvedValue(makeServices, [
      tokens.composition,
      tokens.paths,
      tokens.database,
      tokens.settings,
      tokens.events,
      tokens.pools,
      tokens.registry,
      tokens.selection,
      tokens.layers,
      tokens.imageStore,
    ])
    .inSingletonScope();
});

function makeServices(
  { options, signal }: Composition,
  paths: StorePaths,
  database: InternalServices['database'],
  settings: Settings,
  events: EventLog,
  pools: Pools,
  drivers: Registry,
  selection: Selection,
  layers: LayerStores,
  imageStore: LazyImageStore,
): InternalServices {
  const config = options.config ?? {};
  const services: InternalServices = {
    host: options.host,
    exitCommand: options.exitCommand,
    keepCommand: options.keepCommand,
    catalog: new ImageCatalog(database),
    config,
    signal,
    paths,
    database,
    settings,
    events,
    pools,
    drivers,
    selection,
    layers,
    imageStore,
    images: {
      resolve: async (reference, how) =>
        (await import('./images/resolve-image.ts')).resolveImage(services, reference, how),
      ensureUnpacked: async (image, storage, operation) =>
        (await import('./images/unpack-image.ts')).ensureUnpacked(services, image, storage, operation),
    },
    cgroup: async () => drivers.get('cgroup', config.cgroup ?? (await defaultCgroup(drivers))),
  };
  return services;
}

/** Limits are silently impossible with `none`, so it comes last. */
async function defaultCgroup(drivers: Registry): Promise<string> {
  const ids = [...drivers.ids('cgroup')].sort((a, b) => Number(a === 'none') - Number(b === 'none'));
  return (await drivers.firstSupported('cgroup', ids)) ?? 'none';
}
