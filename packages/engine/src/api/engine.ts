/**
 * # Engine: the library the CLI is one user of
 *
 * `createEngine({ root, run, host, drivers })` opens the store and returns this facade: one method per verb,
 * grouped as Docker groups its commands. Methods take plain requests, return plain data and throw
 * `StrataError`s; nothing prints. Progress goes to the `onProgress` of the call, lifecycle events to
 * {@link Engine.on} of this process and, stored, to `system.events`.
 *
 * No daemon: any number of processes hold an engine over one root at once.
 */
import type { AnyDriverDefinition, Host, LifecycleEvent } from '@strata/core';
import type { ContainersApi } from './containers.ts';
import type { DriverPackageOptions, DriversApi } from './drivers.ts';
import type { ImagesApi } from './images.ts';
import type { NetworksApi } from './networks.ts';
import type { StorageApi } from './storage.ts';
import type { SystemApi } from './system.ts';
import type { VolumesApi } from './volumes.ts';

export interface EngineOptions {
  /** Persistent state; default `/var/lib/strata`. Made with mode 0700. */
  readonly root: string;
  /** What a reboot may take; default `/run/strata`. */
  readonly run: string;
  readonly host: Host;
  /** The drivers that come with the program, at least one of each kind. Added ones are in the store. */
  readonly drivers: readonly AnyDriverDefinition[];
  readonly config?: EngineConfig;
  readonly driverPackages?: DriverPackageOptions;
  /** How a monitor's exit command reaches the engine again: program and arguments; the container id is appended. */
  readonly exitCommand?: readonly string[];
  /** Program and arguments that call {@link ContainersApi.keep}; without it logs grow and health is not checked. */
  readonly keepCommand?: readonly string[];
}

/** `/etc/strata/config.toml`, checked; every value has a default. */
export interface EngineConfig {
  /** Layer driver for new layers when a command names none. */
  readonly storage?: string;
  /** Image store; default the first built-in one. */
  readonly image?: string;
  readonly runtime?: string;
  readonly cgroup?: string;
  readonly network?: string;
  /** Options per driver, `options.layer.overlay = {…}`. */
  readonly options?: Readonly<Partial<Record<string, Readonly<Record<string, unknown>>>>>;
  readonly log?: { readonly maxBytes?: number; readonly maxFiles?: number };
  /** Limit of containers that are made without one. `backing`: how to keep it where the layer driver has no quota. */
  readonly disk?: { readonly sizeBytes?: number; readonly backing?: 'loop' };
  /** `false`: skip the syncfs that makes images survive a power cut. Default true. */
  readonly durable?: boolean;
}

export interface Engine extends AsyncDisposable {
  readonly images: ImagesApi;
  readonly containers: ContainersApi;
  readonly networks: NetworksApi;
  readonly volumes: VolumesApi;
  readonly storage: StorageApi;
  readonly drivers: DriversApi;
  readonly system: SystemApi;
  /** Lifecycle events caused by this process. Returns the unsubscriber. */
  on(listener: (event: LifecycleEvent) => void): () => void;
  close(): Promise<void>;
}
