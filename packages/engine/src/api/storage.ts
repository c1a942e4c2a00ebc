import type { DriverKind, ProbeResult } from '@strata/core';
import type { AddedPackage } from './drivers.ts';
import type { Operation } from './images.ts';
import type { Snapshotter } from './snapshotter.ts';

export interface DriverStatus {
  readonly kind: DriverKind;
  readonly id: string;
  readonly summary: string;
  /** Of the contract it was written for. */
  readonly apiVersion: number;
  /** Of its package; built-in drivers have Strata's. */
  readonly version: string;
  /** Where an added driver came from; absent: built in. */
  readonly package?: AddedPackage;
  readonly probe: ProbeResult;
  /** New layers go here when a command names no driver. */
  readonly isDefault: boolean;
  readonly layers?: {
    readonly count: number;
    readonly containers: number;
    /** Layers that other engines keep here, see {@link StorageApi.snapshotter}. */
    readonly others: readonly { readonly owner: string; readonly count: number }[];
  };
  /** What it declares, when it works here. */
  readonly capabilities?: Readonly<Record<string, boolean | number>>;
  readonly pool?: { readonly file: string; readonly sizeBytes: number; readonly mounted: boolean };
}

export interface MigrateRequest extends Operation {
  /** Name, id or unambiguous beginning of the id. */
  readonly container: string;
  /** Layer driver to move to. */
  readonly to: string;
}

export interface Migrated {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Names that differed from the image and were carried over. */
  readonly changes: number;
  /** Of the files among them. */
  readonly bytes: number;
  /** Names compared afterwards, the image's included. */
  readonly entries: number;
}

export interface StorageApi {
  /** Every known driver with why it does or does not work here. */
  drivers(kind?: DriverKind): Promise<readonly DriverStatus[]>;
  /** The layer driver a command would use. @throws not-found `DRIVER_UNKNOWN` naming the known ones; unsupported `DRIVER_UNSUPPORTED` with the probe's reason and hint */
  select(id?: string): Promise<string>;
  /** A sparse loop-backed pool under the root, mounted when needed, also after a reboot. Idempotent for the same size. */
  init(driver: string, options: Operation & { readonly sizeBytes: number }): Promise<DriverStatus>;
  /**
   * A key space of its own on a driver for another engine, until `close` or the end of the process; the plugins that
   * speak its protocol use it. Neither engine sees, prunes or repairs away the other's layers.
   * @throws failed-precondition `SNAPSHOTTER_IN_USE` while another process has this owner's layers open; invalid-argument
   *   `SNAPSHOTTER_OWNER_INVALID`; as {@link StorageApi.select}
   */
  snapshotter(request: { readonly driver?: string; readonly owner: string }): Promise<Snapshotter>;
  /**
   * Move a stopped container's writable layer to another driver, unpacking its image there when needed. The new layer
   * is compared with the old one file by file before the container uses it; the old one goes last.
   * @throws failed-precondition `CONTAINER_RUNNING`, `MIGRATE_SAME_DRIVER`, `IMAGE_OF_CONTAINER_GONE`,
   *   `MIGRATE_FILE_UNSUPPORTED`; unsupported `QUOTA_UNSUPPORTED`; resource-exhausted `MIGRATE_NO_SPACE`,
   *   `MIGRATE_SIZE_LIMIT`; data-loss `MIGRATE_MISMATCH`; as {@link StorageApi.select}
   */
  migrate(request: MigrateRequest): Promise<Migrated>;
  /** Layers nobody references and trash; per driver. */
  prune(): Promise<{ readonly removedLayers: number; readonly reclaimedBytes: number }>;
}
