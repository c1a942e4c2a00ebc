/** Injection tokens; values carry their type through {@link Token}. */
import type { Database } from '@strata/core';
import type { Registry } from './drivers/driver-registry.ts';
import type { Pools } from './drivers/pools.ts';
import type { Selection } from './drivers/select-driver.ts';
import type { Composition } from './engine.module.ts';
import type { LazyImageStore } from './images/lazy-image-store.ts';
import type { InternalServices } from './internal-services.ts';
import type { EventLog, LayerStores } from './services.ts';
import type { StorePaths } from './state/paths.ts';
import type { Settings } from './state/settings.ts';

/** A symbol that remembers, for the compiler, what is bound to it. */
export type Token<T> = symbol & { readonly bound?: T };

function token<T>(name: string): Token<T> {
  return Symbol.for(`@strata/engine/${name}`);
}

export const tokens = {
  composition: token<Composition>('composition'),
  paths: token<StorePaths>('paths'),
  database: token<Database>('database'),
  settings: token<Settings>('settings'),
  events: token<EventLog>('events'),
  pools: token<Pools>('pools'),
  registry: token<Registry>('registry'),
  selection: token<Selection>('selection'),
  layers: token<LayerStores>('layers'),
  imageStore: token<LazyImageStore>('imageStore'),
  services: token<InternalServices>('services'),
} as const;
