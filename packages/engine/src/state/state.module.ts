import type { Database } from '@strata/core';
import { ContainerModule } from 'inversify';
import type { Composition } from '../engine.module.ts';
import { tokens } from '../tokens.ts';
import { StoredEventLog } from './event-log.ts';
import { openStore } from './open-store.ts';
import { type StorePaths, storePaths } from './paths.ts';
import { Settings } from './settings.ts';

export const stateModule = new ContainerModule(({ bind }) => {
  bind(tokens.paths)
    .toResolvedValue(
      ({ options }: Composition) => storePaths(options.root, options.run),
      [tokens.composition],
    )
    .inSingletonScope();
  bind(tokens.database)
    .toResolvedValue(
      ({ options }: Composition, paths: StorePaths) => openStore(options.host, paths),
      [tokens.composition, tokens.paths],
    )
    .inSingletonScope();
  bind(tokens.settings)
    .toResolvedValue((database: Database) => new Settings(database), [tokens.database])
    .inSingletonScope();
  bind(tokens.events)
    .toResolvedValue(
      (database: Database, { listeners }: Composition) => new StoredEventLog(database, listeners),
      [tokens.database, tokens.composition],
    )
    .inSingletonScope();
});
