import { join } from 'node:path';
import type { UpgradedDriver } from '../api/drivers.ts';
import type { InternalServices } from '../internal-services.ts';
import { driverStatus } from '../storage/driver-status.ts';
import { describe, installAndInspect, record } from './add-driver.ts';
import { addedDrivers } from './added-driver.ts';
import type { InstallOptions } from './driver-package.ts';
import { findAdded } from './find-added.ts';
import { packageError } from './package-error.ts';
import { freeDirectory, lockPackages, packagesDirectory } from './packages-directory.ts';

/**
 * Install the newest version (or what is in its directory or archive now) beside the old one, which stays in use
 * unless the new one exports the same driver.
 * @param given `name`, `name@version`, or a path to take from now on
 */
export async function upgradeDriver(
  services: InternalServices,
  given: { readonly name: string; readonly spec?: string },
  options: InstallOptions,
): Promise<UpgradedDriver> {
  await using _lock = await lockPackages(services);
  const { host, paths, database } = services;
  const at = given.name.lastIndexOf('@');
  const [name, version] = at > 0 ? [given.name.slice(0, at), given.name.slice(at)] : [given.name, ''];
  const before = findAdded(services, name);
  const packages = packagesDirectory(paths);
  const directory = freeDirectory(packages);
  try {
    const spec = given.spec ?? (version === '' ? before.spec : `${before.package}${version}`);
    const { package: installed, facts } = await installAndInspect(services, spec, directory, options);
    if (facts.kind !== before.kind || facts.id !== before.id || installed.name !== before.package)
      throw packageError(installed, {
        code: 'DRIVER_CHANGED',
        message: `is now the ${facts.kind} driver ${facts.id}, and not ${before.kind} driver ${before.id}`,
        hint: `Layers belong to a driver's id; add it beside: strata driver add ${spec}`,
      });
    await record(services, { ...describe(installed, facts, directory), added: before.added }, options);
  } catch (error) {
    const kept = addedDrivers(database).some((driver) => directory.endsWith(`/${driver.directory}`));
    if (!kept) await host.files.removeTree(directory);
    throw error;
  }
  await host.files.removeTree(join(packages, before.directory));
  return { from: before.version, driver: await driverStatus(services, before.kind, before.id) };
}
