import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StrataError } from '@strata/core';
import type { DriverStatus } from '../api/storage.ts';
import type { InternalServices } from '../internal-services.ts';
import { driverStatus } from '../storage/driver-status.ts';
import { type AddedDriver, addedDrivers, putAddedDriver } from './added-driver.ts';
import { type DriverPackage, ENTRY, type InstallOptions, installPackage } from './driver-package.ts';
import { findKnown } from './find-added.ts';
import { type DefinitionFacts, inspectPackage } from './inspect-package.ts';
import { lazyDefinition } from './lazy-definition.ts';
import { packageError } from './package-error.ts';
import { freeDirectory, lockPackages, packagesDirectory } from './packages-directory.ts';

/** Install a package, look at what it exports, and record it. Nothing is left when it fails. */
export async function addDriver(
  services: InternalServices,
  spec: string,
  options: InstallOptions,
): Promise<DriverStatus> {
  // A package of the registry may be called as a driver of ours and be anything.
  if (
    findKnown(services, spec).length > 0 &&
    !addedDrivers(services.database).some(({ package: name }) => name === spec)
  )
    throw new StrataError('already-exists', 'DRIVER_EXISTS', `There is a driver ${spec} already`, {
      hint: `See strata driver inspect ${spec}; packages of drivers are called strata-driver-…`,
    });
  await using _lock = await lockPackages(services);
  const directory = freeDirectory(packagesDirectory(services.paths));
  try {
    const { package: installed, facts } = await installAndInspect(services, spec, directory, options);
    refuseDuplicate(services, installed, facts);
    await record(services, { ...describe(installed, facts, directory), added: new Date() }, options);
    return await driverStatus(services, facts.kind, facts.id);
  } catch (error) {
    if (!isRecorded(services, directory)) await services.host.files.removeTree(directory);
    throw error;
  }
}

export async function installAndInspect(
  { host }: Pick<InternalServices, 'host'>,
  spec: string,
  directory: string,
  options: InstallOptions,
): Promise<{ readonly package: DriverPackage; readonly facts: DefinitionFacts }> {
  mkdirSync(directory, { mode: 0o700 });
  const installed = await installPackage(spec, directory, options);
  return { package: installed, facts: await inspectPackage(host, installed, join(directory, ENTRY)) };
}

export function describe(
  installed: DriverPackage,
  facts: DefinitionFacts,
  directory: string,
): Omit<AddedDriver, 'added'> {
  const { name, version, spec, integrity, tree } = installed;
  return {
    ...facts,
    package: name,
    version,
    // The version asked for is not asked for again by an upgrade.
    spec: spec.startsWith('/') ? spec : name,
    integrity,
    tree,
    directory: basename(directory),
    updated: new Date(),
  };
}

/** Durable first, then known: the store never names a package that a power cut took. */
export async function record(
  services: InternalServices,
  driver: AddedDriver,
  { importModule }: InstallOptions,
): Promise<void> {
  const { host, paths, database, settings, drivers } = services;
  await host.files.syncfs(packagesDirectory(paths));
  database.transaction(() => {
    putAddedDriver(database, driver);
    settings.delete(`probe.${driver.kind}.${driver.id}`);
  });
  drivers.register(lazyDefinition(driver, packagesDirectory(paths), importModule));
}

function refuseDuplicate(services: InternalServices, installed: DriverPackage, facts: DefinitionFacts): void {
  const { kind, id } = facts;
  const other = addedDrivers(services.database).find((driver) => driver.kind === kind && driver.id === id);
  if (other?.package === installed.name)
    throw new StrataError(
      'already-exists',
      'DRIVER_EXISTS',
      `${other.package}@${other.version} is already added`,
      {
        hint: `For another version: strata driver upgrade ${other.package}`,
      },
    );
  if (other === undefined && !services.drivers.ids(kind).includes(id)) return;
  const owner =
    other === undefined ? 'comes with Strata' : `is already added from ${other.package}@${other.version}`;
  throw packageError(
    installed,
    {
      code: 'DRIVER_DUPLICATE',
      message: `cannot be added: a ${kind} driver ${id} ${owner}`,
      hint:
        other === undefined
          ? 'Its author must choose another id'
          : `First: strata driver rm ${other.package}`,
    },
    'already-exists',
  );
}

function isRecorded({ database }: InternalServices, directory: string): boolean {
  return addedDrivers(database).some((driver) => driver.directory === basename(directory));
}
