import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, StrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import { type AddedDriver, deleteAddedDriver } from './added-driver.ts';
import { findAdded } from './find-added.ts';
import { lockPackages, packagesDirectory } from './packages-directory.ts';

/** Forget a driver and delete its package. @throws failed-precondition while anything needs it */
export async function removeDriver(services: InternalServices, name: string): Promise<AddedDriver> {
  await using _lock = await lockPackages(services);
  const { database, drivers, host, paths, settings } = services;
  const driver = findAdded(services, name);
  await reclaim(services, driver);
  database.transaction(() => {
    // In the transaction: a run that starts now sees either the driver or the refusal.
    refuseWhileUsed(services, driver);
    deleteAddedDriver(database, driver.kind, driver.id);
    settings.delete(`probe.${driver.kind}.${driver.id}`);
  });
  drivers.unregister(driver.kind, driver.id);
  await host.files.removeTree(join(packagesDirectory(paths), driver.directory));
  for (const directory of [paths.driver(driver.kind, driver.id), paths.driverRun(driver.kind, driver.id)])
    removeIfEmpty(directory);
  return driver;
}

/** Layers that are removed already keep their rows until the driver has given the space back. */
async function reclaim(services: InternalServices, { kind, id }: AddedDriver): Promise<void> {
  if (kind !== 'layer' || count(services, `SELECT count(*) AS n FROM layers WHERE driver = ?`, id) === 0)
    return;
  const store = await services.layers.open(id).catch(() => undefined);
  await store?.reclaim();
}

function refuseWhileUsed(services: InternalServices, { kind, id, package: name }: AddedDriver): void {
  const uses: string[] = [];
  const counts: readonly (readonly [what: string, column: string, table: string])[] = {
    layer: [
      ['container', 'storage', 'containers'],
      ['layer', 'driver', 'layers'],
    ],
    network: [
      ['network', 'driver', 'networks'],
      ['container', 'network', 'containers'],
    ],
    image: [],
    cgroup: [],
    runtime: [],
  }[kind] as readonly (readonly [string, string, string])[];
  for (const [what, column, table] of counts) {
    const n = count(services, `SELECT count(*) AS n FROM ${table} WHERE ${column} = ?`, id);
    if (n > 0) uses.push(`${n} ${what}${n === 1 ? '' : 's'}`);
  }
  // Images are in the one store that is configured.
  if (kind === 'image' && services.config.image === id) {
    const images = services.catalog.count();
    if (images > 0) uses.push(`${images} image${images === 1 ? '' : 's'}`);
  }
  if (uses.length === 0) return;
  throw new StrataError(
    'failed-precondition',
    'DRIVER_IN_USE',
    `${name} is in use: ${uses.join(' and ')} need it`,
    {
      hint:
        kind === 'layer'
          ? 'Remove its containers, then strata storage prune; layers of images go with strata rmi'
          : 'Remove its containers and networks first',
    },
  );
}

function count({ database }: InternalServices, sql: string, id: string): number {
  return database.get<{ n: number }>(sql, id)?.n ?? 0;
}

/** What the driver keeps of its own stays for the user to decide. */
function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error;
  }
}
