/**
 * An added driver as a definition whose code is loaded by the first call that needs it. So the registry knows its
 * name at the price of a row, and a broken package harms nobody who does not name it.
 */
import { join } from 'node:path';
import {
  type AnyDriverDefinition,
  type Database,
  type DriverContext,
  type DriverKind,
  type DriverKinds,
  driverApiVersions,
  isStrataError,
  type ProbeResult,
} from '@strata/core';
import type { StorePaths } from '../state/paths.ts';
import { type AddedDriver, addedDrivers } from './added-driver.ts';
import { type ImportModule, importDefinition } from './import-definition.ts';
import { packageError, textOf } from './package-error.ts';
import { packagesDirectory } from './packages-directory.ts';

/** A little less than the engine gives any driver, so that these say which package it is. */
const PROBE_TIMEOUT = 9_000;
const CREATE_TIMEOUT = 28_000;

/** What the store remembers, each as a definition. A kind this Strata does not know is left alone. */
export function knownAddedDrivers(
  database: Database,
  paths: StorePaths,
  importModule?: ImportModule,
): AnyDriverDefinition[] {
  return addedDrivers(database)
    .filter(({ kind }) => Object.hasOwn(driverApiVersions, kind))
    .map((driver) => lazyDefinition(driver, packagesDirectory(paths), importModule));
}

export function lazyDefinition(
  driver: AddedDriver,
  packages: string,
  importModule?: ImportModule,
): AnyDriverDefinition {
  const { kind, id, summary, pool } = driver;
  let loaded: Promise<AnyDriverDefinition> | undefined;
  const load = (): Promise<AnyDriverDefinition> => {
    loaded ??= loadDefinition(driver, join(packages, driver.directory), importModule);
    return loaded;
  };
  const name = { name: driver.package, version: driver.version };
  const create = async (context: DriverContext): Promise<DriverKinds[DriverKind]> => {
    const { create: make } = await load();
    return answer(name, { what: 'create', within: CREATE_TIMEOUT }, async () => make(context));
  };
  const probe = async (context: DriverContext): Promise<ProbeResult> => {
    try {
      const { probe: ask } = await load();
      const result = await answer(name, { what: 'probe', within: PROBE_TIMEOUT }, () => ask(context));
      if (typeof result?.supported === 'boolean') return result;
      throw packageError(name, { code: 'DRIVER_FAILED', message: 'is broken: its probe returned no answer' });
    } catch (error) {
      const hint = isStrataError(error) ? error.hint : undefined;
      return {
        supported: false,
        reason: textOf(error),
        hint: hint ?? `Report it to the author of ${name.name}`,
      };
    }
  };
  return {
    kind,
    id,
    summary,
    // The real one is compared when it is loaded, so that one old package does not stop every command.
    apiVersion: driverApiVersions[kind],
    options: { '~standard': { version: 1, vendor: 'strata', validate: validator(load) } },
    probe,
    create,
    ...(pool === undefined ? {} : { pool }),
  } as AnyDriverDefinition;
}

/** What cannot be loaded has no schema; the probe says why. */
function validator(load: () => Promise<AnyDriverDefinition>) {
  return async (value: unknown) => {
    const definition = await load().catch(() => undefined);
    return definition === undefined ? { value } : definition.options['~standard'].validate(value);
  };
}

/** The driver's own StrataErrors pass; anything else it throws, or silence, is told with the package's name. */
async function answer<T>(
  name: { readonly name: string; readonly version: string },
  { what, within }: { readonly what: string; readonly within: number },
  call: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${within / 1000} s`)), within);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    if (isStrataError(error)) throw error;
    const message = `is broken: its ${what} failed: ${textOf(error)}`;
    throw packageError(name, { code: 'DRIVER_FAILED', message, cause: error }, 'internal');
  } finally {
    clearTimeout(timer);
  }
}

async function loadDefinition(
  driver: AddedDriver,
  directory: string,
  importModule?: ImportModule,
): Promise<AnyDriverDefinition> {
  const name = { name: driver.package, version: driver.version };
  const known = driverApiVersions[driver.kind];
  if (driver.apiVersion !== known)
    throw packageError(name, {
      code: 'DRIVER_API_VERSION',
      message: `speaks version ${driver.apiVersion} of the ${driver.kind} contract, this Strata version ${known}`,
      hint: driver.apiVersion > known ? 'Update Strata' : `strata driver upgrade ${driver.package}`,
    });
  const definition = await importDefinition(name, { directory, tree: driver.tree }, importModule);
  const same = definition?.kind === driver.kind && definition.id === driver.id;
  if (!same || definition.apiVersion !== driver.apiVersion)
    throw packageError(name, {
      code: 'DRIVER_INVALID',
      message: `no longer exports the ${driver.kind} driver ${driver.id}`,
      hint: `Install it again: strata driver upgrade ${driver.package}`,
    });
  return definition;
}
