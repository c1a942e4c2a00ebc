/**
 * The seams inside the engine. Use cases (`images/`, `containers/`, `storage/`, `system/`) are written against these
 * interfaces and take them as plain constructor or function arguments; only `*.module.ts` files wire them.
 */
import type {
  CgroupDriver,
  Database,
  DriverKind,
  DriverKinds,
  Host,
  ImageStore,
  LayerDriver,
  LayerUsage,
  LifecycleEvent,
  Mount,
  ProbeResult,
  UnpackTarget,
} from '@strata/core';
import type { EngineConfig } from './api/engine.ts';
import type { ImageResolver } from './api/images.ts';

/** Where things are. All absolute. */
export interface EnginePaths {
  readonly root: string;
  readonly run: string;
  /** `<root>/strata.db` */
  readonly database: string;
  /** `<root>/layers/<driver>`: the driver's root. */
  layers(driver: string): string;
  /** `<root>/containers/<id>`: bundle, rootfs mountpoint, log, hosts, hostname, resolv.conf. */
  container(id: string): string;
  /** `<run>/containers/<id>`: attach socket, pid files, exit file. */
  containerRun(id: string): string;
  /** `<run>/locks/<kind>/<name>`: lock file; the directory exists. */
  lock(kind: 'blob' | 'layer' | 'container' | 'image' | 'name' | 'pool', name: string): string;
  /** `<root>/tmp`: on the store's filesystem; entries older than their lease are free to remove. */
  readonly temporary: string;
}

export type LayerKind = 'active' | 'view' | 'committed';

export interface LayerInfo {
  readonly kind: LayerKind;
  readonly name: string;
  /** Committed name of the parent; empty for none. */
  readonly parent: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
  readonly updated: Date;
}

/**
 * containerd's Snapshotter over one LayerDriver: names, parents, kinds, labels in SQLite, four typed errors
 * (already-exists, not-found, invalid-argument, failed-precondition). Also satisfies the `SnapshotterUnderTest`
 * of `@strata/conformance`.
 */
export interface LayerStore {
  readonly driverId: string;
  readonly driver: LayerDriver;
  prepare(
    key: string,
    parent: string,
    options?: { readonly labels?: Readonly<Record<string, string>> },
  ): Promise<readonly Mount[]>;
  view(
    key: string,
    parent: string,
    options?: { readonly labels?: Readonly<Record<string, string>> },
  ): Promise<readonly Mount[]>;
  mounts(key: string): Promise<readonly Mount[]>;
  /** Labels are replaced, not inherited. `parent` only on an active layer made without one (independentUnpack). */
  commit(
    name: string,
    key: string,
    options?: { readonly labels?: Readonly<Record<string, string>>; readonly parent?: string },
  ): Promise<void>;
  remove(key: string): Promise<void>;
  stat(key: string): Promise<LayerInfo>;
  update(info: Pick<LayerInfo, 'name' | 'labels'>, fieldPaths?: readonly string[]): Promise<LayerInfo>;
  usage(key: string): Promise<LayerUsage>;
  walk(filters?: readonly string[]): AsyncIterable<LayerInfo>;
  close(): Promise<void>;

  /** Where to unpack an active layer. */
  unpackTarget(key: string): Promise<UnpackTarget>;
  /** Physical layer behind a key (driver id and parents), for diff, quota and clone. */
  layer(key: string): Promise<{ readonly id: string; readonly parents: readonly string[] }>;
  /** Read-only mounts of a committed layer's whole stack, for diff and user lookup, without a view row. */
  committedMounts(name: string): Promise<readonly Mount[]>;
}

export interface LayerStores {
  /** Creates the driver on first use (mounting its pool). @throws as `StorageApi.select` */
  open(driverId: string): Promise<LayerStore>;
  /** Driver for a command: the named one, or the store's default (chosen and recorded at first use). */
  select(driverId?: string): Promise<string>;
  /** Ids of the drivers that hold layers, whether or not they work now. */
  inUse(): readonly string[];
}

export interface DriverRegistry {
  /** The instance, created once. @throws not-found `DRIVER_UNKNOWN`; unsupported `DRIVER_UNSUPPORTED` */
  get<Kind extends DriverKind>(
    kind: Kind,
    id: string,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<DriverKinds[Kind]>;
  ids(kind: DriverKind): readonly string[];
  probe(kind: DriverKind, id: string): Promise<ProbeResult>;
  /** First supported of these (default: all of the kind in registration order). */
  firstSupported(kind: DriverKind, preference?: readonly string[]): Promise<string | undefined>;
}

export interface EventLog {
  /** Store and publish; joins the caller's transaction. */
  emit(event: Omit<LifecycleEvent, 'at'>): void;
  on(listener: (event: LifecycleEvent) => void): () => void;
}

export interface EngineServices {
  readonly host: Host;
  readonly paths: EnginePaths;
  readonly config: EngineConfig;
  readonly exitCommand: readonly string[] | undefined;
  readonly database: Database;
  readonly drivers: DriverRegistry;
  readonly layers: LayerStores;
  readonly imageStore: ImageStore;
  readonly images: ImageResolver;
  readonly events: EventLog;
  /** The cgroup driver in use on this host. */
  cgroup(): Promise<CgroupDriver>;
  /** Aborted by `engine.close()`. */
  readonly signal: AbortSignal;
}
