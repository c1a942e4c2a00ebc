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
  Layer,
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
  lock(
    kind: 'blob' | 'layer' | 'container' | 'image' | 'name' | 'pool' | 'snapshotter',
    name: string,
  ): string;
  /** `<root>/tmp`: on the store's filesystem; entries older than their lease are free to remove. */
  readonly temporary: string;
}

export type LayerKind = 'active' | 'view' | 'committed';

export type LayerLabels = Readonly<Record<string, string>>;

export interface LayerInfo {
  readonly kind: LayerKind;
  readonly name: string;
  /** Committed name of the parent; undefined for a base. */
  readonly parent: string | undefined;
  readonly labels: LayerLabels;
  readonly created: Date;
  readonly updated: Date;
}

/** All given parts must match; several filters: any of them. `parent: null`: without a parent. */
export interface LayerFilter {
  readonly name?: string;
  readonly parent?: string | null;
  readonly kind?: LayerKind;
  /** Present with this value; `true`: present with any value. */
  readonly labels?: Readonly<Record<string, string | true>>;
}

/**
 * containerd's Snapshotter over one LayerDriver: names, parents, kinds, labels in SQLite, four typed errors
 * (already-exists, not-found, invalid-argument, failed-precondition). Also satisfies the `SnapshotterUnderTest`
 * of `@strata/conformance`. An empty `parent` is none.
 */
export interface LayerStore {
  readonly driverId: string;
  readonly driver: LayerDriver;
  prepare(
    key: string,
    parent?: string,
    options?: { readonly labels?: LayerLabels },
  ): Promise<readonly Mount[]>;
  view(key: string, parent?: string, options?: { readonly labels?: LayerLabels }): Promise<readonly Mount[]>;
  mounts(key: string): Promise<readonly Mount[]>;
  /** Labels are replaced, not inherited. `parent` only on an active layer made without one (independentUnpack). */
  commit(
    name: string,
    key: string,
    options?: { readonly labels?: LayerLabels; readonly parent?: string },
  ): Promise<void>;
  /** The disk space may come back only with {@link LayerStore.reclaim}, which `close` calls when needed. */
  remove(key: string): Promise<void>;
  /** As {@link LayerStore.remove}, also what a dead process left half made or half removed. Idempotent. */
  discard(key: string): Promise<void>;
  stat(key: string): Promise<LayerInfo>;
  update(
    info: { readonly name: string; readonly labels?: LayerLabels },
    ...fieldPaths: readonly string[]
  ): Promise<LayerInfo>;
  usage(key: string, signal?: AbortSignal): Promise<LayerUsage>;
  walk(...filters: readonly LayerFilter[]): AsyncIterable<LayerInfo>;
  close(): Promise<void>;

  /** Where to unpack an active layer. */
  unpackTarget(key: string): Promise<UnpackTarget>;
  /** Physical layer behind a key (driver id and parents), for diff, quota and clone. */
  layer(key: string): Promise<{ readonly id: string; readonly parents: readonly string[] }>;
  /** Read-only mounts of a committed layer's whole stack, for diff and user lookup, without a view row. */
  committedMounts(name: string): Promise<readonly Mount[]>;
  /** Is this name committed? The question every run asks, without an exception for the answer no. */
  has(name: string): boolean;
  /** Make several layers and commit them as one, with one flush and one transaction. */
  import(): LayerImport;
  /** Give removed layers' disk space back now, also what dead processes left half made. */
  reclaim(): Promise<void>;
}

/** One layer of a {@link LayerImport}. */
export interface ImportedLayer {
  readonly name: string;
  /** With its real parents, nearest first. */
  readonly layer: Layer;
}

/**
 * A stack of layers on its way in. Nothing is visible before `finish`; `abandon` (or a crash, whose lease dies)
 * leaves nothing. The caller holds the lock of every name.
 */
export interface LayerImport {
  /** Future names, bottom first, over the committed `base`; in one transaction. @throws already-exists when a name is committed */
  reserve(names: readonly string[], base?: string): Promise<readonly ImportedLayer[]>;
  /** Make it on disk; `alone`: without its parents, for independentUnpack. Returns what was made. */
  create(imported: ImportedLayer, options: { readonly alone: boolean }): Promise<Layer>;
  /** Its content is complete: make it immutable, over its real parents. */
  seal(imported: ImportedLayer): Promise<void>;
  /** Flush once (unless `durable` is false), then publish all, and do `also`, in one transaction. */
  finish(
    usages: readonly LayerUsage[],
    options: { readonly durable: boolean; readonly also?: () => void },
  ): Promise<void>;
  /** Remove everything reserved and not finished. Idempotent. */
  abandon(): Promise<void>;
}

export interface LayerStores {
  /**
   * Creates the driver on first use (mounting its pool). `owner`: a key space of its own for another engine.
   * @throws as `StorageApi.select`
   */
  open(driverId: string, owner?: string): Promise<LayerStore>;
  /** Driver for a command: the named one, or the store's default (chosen and recorded at first use). */
  select(driverId?: string): Promise<string>;
  /** Ids of the drivers that hold layers, whether or not they work now. */
  inUse(): readonly string[];
  /** Give back the disk space of what this process removed. */
  reclaimRemoved(): Promise<void>;
  close(): Promise<void>;
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
  readonly keepCommand: readonly string[] | undefined;
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
