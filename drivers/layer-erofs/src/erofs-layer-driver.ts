/**
 * An active layer is a directory of its changes, `<root>/<id>/fs` with `work`, over its parents. `seal` packs it into
 * `<root>/<id>/image.erofs` and notes the attributes of its root on an empty directory, `<root>/<id>/root`; what
 * mkfs.erofs cannot hold (a name of 255 bytes, in 1.5) stays a directory. Sealed is what has no `work`. `l/<n>` are
 * mountpoints (erofs-mount.ts). What `remove` sets aside is `<root>/.trash-<id>-<uuid>`.
 */
import {
  type Host,
  inheritLayerRoot,
  isStrataError,
  isUntouchedLayerRoot,
  type Layer,
  type LayerCapabilities,
  LayerDirectory,
  type LayerDriver,
  type LayerUsage,
  layerExists,
  layerFailure,
  layerNotFound,
  layerParentMissing,
  layerSealed,
  type Mount,
  makeLayerRoot,
  overlayMountOptions,
  stopIfAborted,
  type Tree,
  type UnpackTarget,
} from '@strata/core';
import { makeImage } from './erofs-image.ts';
import { type Backing, IMAGE, imageMount, makeMountpoints, rootOf, stackedMounts } from './erofs-mount.ts';
import type { ErofsOptions } from './erofs-options.ts';
import { copyRoot } from './erofs-root.ts';

const NEW_IMAGE = 'new.erofs';
const at = (id: string, name: string) => Buffer.from(`${id}/${name}`);

const exists = (tree: Tree, id: string) =>
  (tree.lstat(at(id, IMAGE)) ?? tree.lstat(at(id, 'fs'))) !== undefined;

export class ErofsLayerDriver implements LayerDriver {
  readonly capabilities: LayerCapabilities = {
    independentUnpack: true,
    directoryRename: false,
    stableInodes: false,
    quota: false,
    nativeChanges: false,
    clone: false,
    sharedPageCache: false,
    maxDepth: 200, // one mount per layer
  };

  readonly #layers: LayerDirectory;
  readonly #host: Pick<Host, 'files' | 'exec' | 'mounter' | 'log'>;
  readonly #options: ErofsOptions;
  #backing: Promise<Backing> | undefined;

  constructor(root: string, host: Pick<Host, 'files' | 'exec' | 'mounter' | 'log'>, options: ErofsOptions) {
    this.#layers = new LayerDirectory(root, host.files, host.log);
    this.#host = host;
    this.#options = options;
  }

  async create(layer: Layer): Promise<void> {
    const { id, parents } = layer;
    using tree = this.#layers.open();
    if (tree.lstat(Buffer.from(id))) throw layerExists(id);
    this.#requireParents(tree, layer);
    try {
      tree.mkdir(Buffer.from(id));
      makeLayerRoot(tree, at(id, 'fs'));
      tree.mkdir(at(id, 'work'));
      if (parents[0] !== undefined) inheritLayerRoot(tree, rootOf(tree, parents[0]), at(id, 'fs'));
      makeMountpoints(tree, layer);
    } catch (error) {
      tree.remove(Buffer.from(id));
      throw layerFailure(error, id, 'create');
    }
  }

  async unpackTarget({ id }: Layer): Promise<UnpackTarget> {
    using tree = this.#require(id);
    if (!tree.lstat(at(id, 'fs'))) throw layerSealed(id);
    return { path: `${this.#layers.path}/${id}/fs`, whiteouts: 'overlay' };
  }

  /** The image appears in one rename; the directory goes after it, and a seal that finds both only takes it away. */
  async seal(layer: Layer): Promise<void> {
    const { id, parents } = layer;
    using tree = this.#require(id);
    this.#requireParents(tree, layer);
    try {
      makeMountpoints(tree, layer);
      if (!tree.lstat(at(id, IMAGE))) {
        if (parents[0] !== undefined && isUntouchedLayerRoot(tree, at(id, 'fs')))
          inheritLayerRoot(tree, rootOf(tree, parents[0]), at(id, 'fs'));
        if (await this.#pack(id)) {
          tree.remove(at(id, 'root'));
          copyRoot(tree, at(id, 'fs'), at(id, 'root'));
          tree.rename(at(id, NEW_IMAGE), at(id, IMAGE));
        } else for (const name of [NEW_IMAGE, 'root']) tree.remove(at(id, name));
      }
      tree.remove(at(id, 'work'));
      if (tree.lstat(at(id, IMAGE))) tree.remove(at(id, 'fs'));
    } catch (error) {
      throw layerFailure(error, id, 'seal');
    }
  }

  /** False where mkfs.erofs cannot hold what is in the layer. */
  async #pack(id: string): Promise<boolean> {
    const paths = {
      directory: `${this.#layers.path}/${id}/fs`,
      file: `${this.#layers.path}/${id}/${NEW_IMAGE}`,
    };
    try {
      await makeImage(this.#host.exec, paths, this.#options);
      return true;
    } catch (error) {
      const space = layerFailure(error, id, 'seal').kind === 'resource-exhausted';
      if (space || !isStrataError(error, 'internal')) throw error;
      this.#host.log.warn('mkfs.erofs cannot hold this layer, which stays a directory', { id, error });
      return false;
    }
  }

  flush(): Promise<void> {
    return this.#host.files.syncfs(this.#layers.path);
  }

  async mounts(layer: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    using tree = this.#require(layer.id);
    if (access === 'rw' && !tree.lstat(at(layer.id, 'work'))) throw layerSealed(layer.id);
    this.#requireParents(tree, layer);
    const image = [layer.id, ...layer.parents].find((id) => tree.lstat(at(id, IMAGE)));
    const backing = image === undefined ? 'file' : await this.#findBacking(image);
    const options = overlayMountOptions(this.#host.files);
    return stackedMounts({ tree, layer, access, backing, options });
  }

  async remove(id: string): Promise<void> {
    this.#layers.setAside(id);
  }

  cleanup(): Promise<void> {
    return this.#layers.emptyTrash();
  }

  /** A committed layer uses what its image does; the inodes inside are not the disk's. */
  async usage({ id }: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    using tree = this.#require(id);
    stopIfAborted(signal, id);
    const image = tree.lstat(at(id, IMAGE));
    if (image !== undefined) return { bytes: image.blocks * 512, inodes: 1 };
    return this.#host.files.usage(`${this.#layers.path}/${id}/fs`, signal);
  }

  async list(): Promise<readonly string[]> {
    return this.#layers.ids();
  }

  /** Asked once, of the kernel, with an image that is there anyway. */
  #findBacking(id: string): Promise<Backing> {
    const file = `${this.#layers.path}/${id}/${IMAGE}`;
    this.#backing ??= this.#host.mounter
      .withMounted([imageMount(file, 'file')], async () => 'file' as const)
      .catch(() => 'loop' as const);
    return this.#backing;
  }

  #requireParents(tree: Tree, { id, parents }: Layer): void {
    const missing = parents.find((parent) => !exists(tree, parent));
    if (missing !== undefined) throw layerParentMissing(id, missing);
  }

  /** The driver's directory, after checking that the layer is in it. The caller closes it. */
  #require(id: string): Tree {
    const tree = this.#layers.open();
    if (exists(tree, id)) return tree;
    tree.close();
    throw layerNotFound(id);
  }
}
