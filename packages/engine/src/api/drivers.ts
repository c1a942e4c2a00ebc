import type { AnyDriverDefinition, DriverKind } from '@strata/core';
import type { DriverStatus } from './storage.ts';

/** A driver package the user added, and where it came from. */
export interface AddedPackage {
  readonly name: string;
  readonly version: string;
  /** Registry name, or absolute path of the directory or archive. */
  readonly spec: string;
  /** `sha512-…` of the archive npm installed. */
  readonly integrity: string;
  readonly added: Date;
  readonly updated: Date;
}

export interface NamedDriver {
  readonly kind: DriverKind;
  readonly id: string;
  readonly package: string;
}

export interface UpgradedDriver {
  /** Version it was. */
  readonly from: string;
  readonly driver: DriverStatus;
}

/** A driver on loan: not added, gone afterwards. */
export interface BorrowedDriver {
  readonly definition: AnyDriverDefinition;
  readonly package: { readonly name: string; readonly version: string };
  /** Path of an ES module whose default export is the definition, for other processes; built-in drivers have none. */
  readonly module: string | undefined;
}

/** How packages are installed and loaded. */
export interface DriverPackageOptions {
  /** Directory of this Strata's `@strata/core` (package.json, dist/index.js), which every driver gets a copy of. */
  readonly corePackage?: string;
  /** Environment for npm beyond a scrubbed one: `npm_config_…`, proxies. */
  readonly npmEnvironment?: Readonly<Record<string, string>>;
  /** `import()`, for programs that are bundled as CommonJS. */
  readonly importModule?: (url: string) => Promise<{ readonly default?: unknown }>;
}

interface Abortable {
  readonly signal?: AbortSignal;
}

/** Drivers of third parties: npm packages, installed below the root with scripts off, loaded because named. */
export interface DriversApi {
  /**
   * Install, check and record a package: `name[@version]`, a directory or an archive. @throws invalid-argument,
   * not-found, already-exists (`DRIVER_DUPLICATE`, `DRIVER_EXISTS`), unavailable, naming package and fix
   */
  add(spec: string, options?: Abortable): Promise<DriverStatus>;
  /** A built-in or added driver. @throws not-found */
  inspect(name: string): Promise<DriverStatus>;
  /** By package name, id or `kind/id`. @throws not-found; invalid-argument `DRIVER_BUILT_IN`; failed-precondition `DRIVER_IN_USE` while its layers or containers exist */
  remove(name: string): Promise<NamedDriver>;
  /** The newest version, `name@version`, or `spec`; the old one stays when it fails. */
  upgrade(name: string, options?: Abortable & { readonly spec?: string }): Promise<UpgradedDriver>;
  /** Load a known driver, or install one for the time of `use` only. */
  borrow<T>(named: string, use: (driver: BorrowedDriver) => Promise<T>, options?: Abortable): Promise<T>;
}
