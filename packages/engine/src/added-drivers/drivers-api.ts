import type { DriverPackageOptions, DriversApi } from '../api/drivers.ts';
import type { InternalServices } from '../internal-services.ts';
import { driverStatus } from '../storage/driver-status.ts';
import { type InstallOptions, ownCorePackage } from './driver-package.ts';
import { findDriver } from './find-added.ts';

export function createDriversApi(
  services: InternalServices,
  { corePackage, npmEnvironment, importModule }: DriverPackageOptions = {},
): DriversApi {
  const install = (signal?: AbortSignal): InstallOptions => ({
    host: services.host,
    corePackage: corePackage ?? ownCorePackage(),
    environment: npmEnvironment ?? {},
    ...(importModule === undefined ? {} : { importModule }),
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    add: async (spec, { signal } = {}) =>
      (await import('./add-driver.ts')).addDriver(services, spec, install(signal)),
    inspect: async (name) => {
      const { kind, id } = findDriver(services, name);
      return driverStatus(services, kind, id);
    },
    remove: async (name) => {
      const {
        kind,
        id,
        package: packageName,
      } = await (await import('./remove-driver.ts')).removeDriver(services, name);
      return { kind, id, package: packageName };
    },
    upgrade: async (name, { signal, spec } = {}) => {
      const given = spec === undefined ? { name } : { name, spec };
      return (await import('./upgrade-driver.ts')).upgradeDriver(services, given, install(signal));
    },
    borrow: async (named, use, { signal } = {}) =>
      (await import('./borrow-driver.ts')).borrowDriver(services, named, install(signal), use),
  };
}
