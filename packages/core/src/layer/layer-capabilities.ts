import type { Mount } from '../mount/mount.ts';
import type { Layer, LayerDriver } from './layer-driver.ts';

/** What a layer driver promises. Each flag decides which branch the engine takes and which cases the suite runs. */
export interface LayerCapabilities {
  /**
   * Layers can be unpacked without their parents, in parallel, whiteouts recorded.
   * If false, the engine unpacks bottom-up, each layer over its parents, whiteouts executed.
   */
  readonly independentUnpack: boolean;
  /**
   * rename(2) of a directory that comes from a parent layer works.
   * If false it fails with EXDEV (overlay without redirect_dir) and programs must copy.
   */
  readonly directoryRename: boolean;
  /** A committed file that a child opens read-only and then changes keeps its inode number. False: copied up anew. */
  readonly stableInodes: boolean;
  /** {@link QuotaLayerDriver} is implemented on this host. If false, a requested size limit is refused. */
  readonly quota: boolean;
  /** {@link LoopLayerDriver} is implemented. If false or absent, a limit with `backing=loop` is refused. */
  readonly loopBacking?: boolean;
  /** {@link ChangesLayerDriver} is implemented. If false, the engine compares the layer with its parents file by file. */
  readonly nativeChanges: boolean;
  /** {@link CloneLayerDriver} is implemented. If false, copying a layer copies its data. */
  readonly clone: boolean;
  /**
   * A socket that comes from a parent layer can be deleted and made anew; default true. If false programs in a
   * committed container get ENXIO for the sockets that others left. Images have none: a layer tar cannot hold one.
   */
  readonly inheritedSockets?: boolean;
  /** The longest name a container can use, in bytes; default 255, NAME_MAX. What happens with longer ones is the driver's to say. */
  readonly maxNameBytes?: number;
  /** Two layers share the page cache of the files they inherit. If false, each layer caches its own copy. */
  readonly sharedPageCache: boolean;
  /** The most layers one stack may have, the active one included. */
  readonly maxDepth: number;
}

/** A driver that limits what an active layer may write. Requires capability `quota`. */
export interface QuotaLayerDriver extends LayerDriver {
  /** Limit the layer's own bytes (and inodes); EDQUOT or ENOSPC inside once reached. Removed with the layer. */
  setQuota(layer: Layer, limit: { readonly bytes: number; readonly inodes?: number }): Promise<void>;

  /** What a limit does not hold on this host, in a sentence for whoever sets one. Absent or undefined: nothing. */
  quotaCaveat?(): Promise<string | undefined>;
}

/** A driver that can keep an active layer in a filesystem of its own, in a sparse file. Requires capability `loopBacking`. */
export interface LoopLayerDriver extends LayerDriver {
  /**
   * Move the layer, which nobody has written to or mounted yet, into a sparse file with a filesystem of `bytes`; ENOSPC
   * inside once it is full. Its own structures take a few per cent of that. Removed with the layer.
   * @throws unsupported when the filesystem's mkfs is not installed; invalid-argument when `bytes` is too little for one
   */
  setBacking(layer: Layer, limit: { readonly bytes: number }): Promise<void>;
}

/**
 * What a driver knows about a layer's changes without comparing trees.
 *
 * - `overlay`: `path` holds exactly the changes, whiteouts recorded as in `UnpackTarget`. With `mounts` it is relative
 *   to where these have been mounted, which the layer may be at the same time.
 * - `candidates`: only these paths (relative, raw bytes) can differ from the parent; the engine compares just them.
 */
export type LayerChanges =
  | { readonly kind: 'overlay'; readonly path: string; readonly mounts?: readonly Mount[] }
  | { readonly kind: 'candidates'; readonly paths: AsyncIterable<Uint8Array> };

/** A driver that can name a layer's changes. Requires capability `nativeChanges`. */
export interface ChangesLayerDriver extends LayerDriver {
  /** Changes of `layer` against its nearest parent. The layer may be mounted and in use. */
  changes(layer: Layer): Promise<LayerChanges>;
}

/** A driver that copies a layer in O(1). Requires capability `clone`. */
export interface CloneLayerDriver extends LayerDriver {
  /** Make active layer `target` with the present content of `source`; the same parents. Errors as `create`. */
  clone(source: Layer, target: Layer): Promise<void>;
}

export function hasQuota(driver: LayerDriver): driver is QuotaLayerDriver {
  return driver.capabilities.quota && 'setQuota' in driver;
}

export function hasLoopBacking(driver: LayerDriver): driver is LoopLayerDriver {
  return driver.capabilities.loopBacking === true && 'setBacking' in driver;
}

export function hasChanges(driver: LayerDriver): driver is ChangesLayerDriver {
  return driver.capabilities.nativeChanges && 'changes' in driver;
}

export function hasClone(driver: LayerDriver): driver is CloneLayerDriver {
  return driver.capabilities.clone && 'clone' in driver;
}
