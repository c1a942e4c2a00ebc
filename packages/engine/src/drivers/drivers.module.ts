import type { Database } from '@strata/core';
import { ContainerModule } from 'inversify';
import { knownAddedDrivers } from '../added-drivers/lazy-definition.ts';
import type { Composition } from '../engine.module.ts';
import { LazyImageStore } from '../images/lazy-image-store.ts';
import { OpenLayerStores } from '../layers/layer-stores.ts';
import type { StorePaths } from '../state/paths.ts';
import type { Settings } from '../state/settings.ts';
import { tokens } from '../tokens.ts';
import { Registry } from './driver-registry.ts';
import { Pools } from './pools.ts';
import type { Selection } from './select-driver.ts';

export const driversModule = new ContainerModule(({ bind }) => {
  bind(tokens.pools)
    .toResolvedValue(
      ({ options }: Composition, paths: StorePaths) => new Pools(options.host, paths),
      [tokens.composition, tokens.paths],
    )
    .inSingletonScope();
  bind(tokens.registry)
    .toResolvedValue(
      (
        { options, signal }: Composition,
        paths: StorePaths,
        settings: Settings,
        pools: Pools,
        database: Database,
      ) =>
        new Registry({
          definitions: options.drivers,
          added: knownAddedDrivers(database, paths, options.driverPackages?.importModule),
          host: options.host,
          config: options.config ?? {},
          paths,
          settings,
          signal,
          ensurePool: (definition) => pools.ensure(definition),
        }),
      [tokens.composition, tokens.paths, tokens.settings, tokens.pools, tokens.database],
    )
    .inSingletonScope();
  bind(tokens.selection)
    .toResolvedValue(
      (registry: Registry, settings: Settings, { options }: Composition): Selection => ({
        registry,
        settings,
        configured: options.config?.storage,
      }),
      [tokens.registry, tokens.settings, tokens.composition],
    )
    .inSingletonScope();
  bind(tokens.layers)
    .toResolvedValue(
      (database: Database, { options }: Composition, selection: Selection) =>
        new OpenLayerStores(database, options.host, selection),
      [tokens.database, tokens.composition, tokens.selection],
    )
    .inSingletonScope();
  bind(tokens.imageStore)
    .toResolvedValue(
      (registry: Registry, { options }: Composition) =>
        new LazyImageStore(() =>
          registry.get('image', options.config?.image ?? registry.ids('image')[0] ?? 'local'),
        ),
      [tokens.registry, tokens.composition],
    )
    .inSingletonScope();
});
