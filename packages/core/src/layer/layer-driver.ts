/**
 * # LayerDriver: directory trees, stacked
 *
 * A **layer** is a directory tree. It is *active* (writable, not yet a parent), *view* (read-only look at a
 * stack) or *committed* (immutable; may be a parent). A driver does the physical work for a layer and nothing
 * else: it keeps no names, no kinds, no parents and no database. Those live in the engine's LayerStore, which
 * has containerd's Snapshotter semantics over any driver. So a driver is 100–200 lines, and cannot get the
 * state machine wrong.
 *
 * ## What a driver may rely on
 * - Ids are made by the engine: `[a-z0-9]{1,16}`, never reused while the layer exists, safe as file names.
 * - `parents` is complete and ordered nearest first. The engine passes it to every call; do not store it.
 * - A parent is sealed before a child names it, and removed only after its last child.
 * - Calls for one id never overlap. Calls for different ids do, also from several processes.
 * - The engine creates `context.root` (mode 0700) before `create`, and owns every mount made from
 *   {@link LayerDriver.mounts}: it mounts, unmounts, and never calls `remove` while one is mounted.
 *
 * ## What the engine relies on
 * - **Data, not effects**: `mounts` returns descriptions; a driver mounts nothing that outlives a call.
 * - **Atomic or repeatable**: after a crash inside `create`, `seal` or `remove`, calling `remove(id)` leaves no
 *   trace of the layer, and `list()` names every id that still occupies the disk.
 * - **Isolation**: writing to a layer never changes another, not even metadata (mtime, mode, xattrs, link counts).
 * - **Fidelity**: a child sees its parents' tree exactly: owners, modes, ns times, hard links, devices, xattrs,
 *   names that are not UTF-8. The root directory of a layer without parents is 0755 root:root.
 * - Failures are {@link StrataError}s; a missing layer is `not-found`, except in `remove`.
 *
 * ## Three flows
 * **Import a layer**: `create({id, parents})` → `unpackTarget` → the engine applies the tar there and checks its
 * diffID → `seal`. With `independentUnpack` all layers of an image are created with `parents: []` and unpacked
 * at the same time; their real parents appear first at `seal` and `mounts`.
 * **Stack the next**: the same with `parents: [previous, …]`. After the last one: `flush()`, once per image.
 * **Run**: `create({id, parents: image})` → `mounts(layer, 'rw')` → the engine mounts it as the root filesystem;
 * later it unmounts and calls `remove`, or on commit diffs it against its parents.
 */
import type { Mount } from '../mount/mount.ts';
import type { LayerCapabilities } from './layer-capabilities.ts';

export interface Layer {
  readonly id: string;
  /** Ids of the committed layers below, nearest first; empty for a base layer. */
  readonly parents: readonly string[];
}

/** Where and how the engine unpacks a layer tar. */
export interface UnpackTarget {
  /** Absolute path of an existing directory. */
  readonly path: string;
  /**
   * `overlay`: the directory holds only what this layer adds; a whiteout is *recorded* as a 0:0 character device
   * and an opaque directory by `trusted.overlay.opaque=y` (Linux Documentation/filesystems/overlayfs.rst).
   * `execute`: the directory already shows the parents; a whiteout *deletes*.
   */
  readonly whiteouts: 'overlay' | 'execute';
}

export interface LayerUsage {
  /** Bytes on disk that belong to this layer alone, parents excluded. */
  readonly bytes: number;
  /** Inodes that belong to this layer alone. */
  readonly inodes: number;
}

export interface LayerDriver {
  readonly capabilities: LayerCapabilities;

  /**
   * Make an active layer on `layer.parents`. Cheap where the filesystem allows (O(1) for snapshots and overlay).
   * @throws already-exists when something with this id is on disk; failed-precondition when a parent is missing;
   *   resource-exhausted on ENOSPC and EDQUOT, nothing left behind.
   */
  create(layer: Layer): Promise<void>;

  /** The directory to unpack an active layer into. Pure; no mount is needed for it. */
  unpackTarget(layer: Layer): Promise<UnpackTarget>;

  /**
   * Make an active layer immutable and fit to be a parent. Idempotent. Not yet durable: see {@link flush}.
   * `parents` may differ from those at `create` only with `independentUnpack`.
   */
  seal(layer: Layer): Promise<void>;

  /** Everything sealed before this call survives a power cut once it resolves. The engine calls it once per image. */
  flush(): Promise<void>;

  /**
   * How to mount the layer with all its parents, writable or read-only. Pure and repeatable, also in another
   * process after a crash. `rw` only for active layers. A bind of one directory may be used without mounting.
   */
  mounts(layer: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]>;

  /**
   * Remove the layer and whatever was made inside it (nested subvolumes too). Idempotent: an unknown id is fine.
   * Quick: may only move the data aside for {@link cleanup}; the id is free again when it resolves.
   */
  remove(id: string): Promise<void>;

  /** Reclaim what `remove` set aside. Safe at any time, in any number of processes. */
  cleanup(): Promise<void>;

  /** What this layer alone uses now. May walk an active layer; honours `signal`. */
  usage(layer: Layer, signal?: AbortSignal): Promise<LayerUsage>;

  /** Ids that occupy the disk, in any order, including half-made ones; for reconciling with the database. */
  list(): Promise<readonly string[]>;
}
