/** A real store on a real filesystem in memory, with real drivers. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyDriverDefinition } from '@strata/core';
import cgroupNone from '@strata/driver-cgroup-none';
import cgroupV1 from '@strata/driver-cgroup-v1';
import imageLocal from '@strata/driver-image-local';
import btrfs from '@strata/driver-layer-btrfs';
import overlay from '@strata/driver-layer-overlay';
import vfs from '@strata/driver-layer-vfs';
import networkHost from '@strata/driver-network-host';
import networkNone from '@strata/driver-network-none';
import runtimeOci from '@strata/driver-runtime-oci';
import { createHost } from '@strata/host';
import { createLoopFilesystem, type LoopFilesystemType } from '@strata/test-fixtures';
import { afterAll } from 'vitest';
import { type Apis, compose } from '../src/engine.module.ts';
import { createEngine, type Engine, type EngineConfig } from '../src/index.ts';

export const host = createHost();
export const layerDrivers: readonly AnyDriverDefinition[] = [overlay, btrfs, vfs];
export const allDrivers: readonly AnyDriverDefinition[] = [
  ...layerDrivers,
  imageLocal,
  runtimeOci,
  cgroupV1,
  cgroupNone,
  networkNone,
  networkHost,
];

/** A filesystem for the tests of one file, gone with them. */
export async function testFilesystem(type: LoopFilesystemType, size?: number): Promise<string> {
  const filesystem = await createLoopFilesystem({ type, ...(size === undefined ? {} : { size }) });
  afterAll(() => filesystem.dispose());
  return filesystem.directory;
}

export interface TestOptions {
  readonly root?: string;
  readonly drivers?: readonly AnyDriverDefinition[];
  readonly config?: EngineConfig;
}

function engineOptions(directory: string, { root, drivers = allDrivers, config }: TestOptions) {
  const base = root ?? mkdtempSync(join(directory, 'store-'));
  return {
    root: join(base, 'root'),
    run: join(base, 'run'),
    host,
    drivers,
    ...(config === undefined ? {} : { config }),
  };
}

/** The public engine over a new store (or the one at `root`). */
export function testEngine(directory: string, options: TestOptions = {}): Engine & { readonly base: string } {
  const all = engineOptions(directory, options);
  return Object.assign(createEngine(all), { base: join(all.root, '..') });
}

export interface TestServices extends AsyncDisposable {
  readonly apis: Apis;
  readonly services: Apis['services'];
}

/** What is behind the facade. */
export function testServices(directory: string, options: TestOptions = {}): TestServices {
  const ending = new AbortController();
  const apis = compose({
    options: engineOptions(directory, options),
    listeners: new Set(),
    signal: ending.signal,
  });
  return {
    apis,
    services: apis.services,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await apis.services.layers.close();
      await apis.services.imageStore.close();
      apis.services.database.close();
    },
  };
}
