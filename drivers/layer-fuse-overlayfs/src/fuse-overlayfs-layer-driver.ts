/**
 * Each layer is a directory of its changes, `<root>/<id>/fs`, which fuse-overlayfs stacks at mount. An active layer
 * also has `<root>/<id>/work`; `seal` removes it, so its absence marks a committed one. What `remove` sets aside is
 * `<root>/.trash-<id>-<uuid>`.
 */
import {
  type Files,
  inheritLayerRoot,
  isUntouchedLayerRoot,
  type Layer,
  type LayerCapabilities,
  LayerDirectory,
  type LayerDriver,
  type LayerUsage,
  type Log,
  layerExists,
  layerFailure,
  layerNotFound,
  layerParentMissing,
  layerSealed,
  type Mount,
  makeLayerRoot,
  stopIfAborted,
  type Tree,
  type UnpackTarget,
} from '@strata/core';
import { stackedMount } from './fuse-overlayfs-mount.ts';

const fs = (id: string) => Buffer.from(`${id}/fs`);
const work = (id: string) => Buffer.from(`${id}/work`);

export class FuseOverlayfsLayerDriver implements LayerDriver {
  readonly capabilities: LayerCapabilities = {
    independentUnpack: true,
    directoryRename: false,
    stableInodes: false,
    quota: false,
    // It leaves `.wh..wh..opq` files in directories it makes, so the upper directory is more than the changes.
    nativeChanges: false,
    clone: false,
    inheritedSockets: false, // ENXIO from fuse-overlayfs 1.10, which opens them to copy them up
    maxNameBytes: 251, // 1.10 looks for a whiteout, `.wh.` before the name, and ends when that is too long
    sharedPageCache: false,
    maxDepth: 500, // each layer is an open directory of the process, which has 1024 where nobody allows more
  };

  readonly #layers: LayerDirectory;
  readonly #files: Files;

  constructor(root: string, files: Files, log: Log) {
    this.#layers = new LayerDirectory(root, files, log);
    this.#files = files;
  }

  async create(layer: Layer): Promise<void> {
    const { id, parents } = layer;
    using tree = this.#layers.open();
    if (tree.lstat(Buffer.from(id))) throw layerExists(id);
    const missing = parents.find((parent) => !tree.lstat(fs(parent)));
    if (missing !== undefined) throw layerParentMissing(id, missing);
    try {
      tree.mkdir(Buffer.from(id));
      makeLayerRoot(tree, fs(id));
      tree.mkdir(work(id));
      if (parents[0] !== undefined) inheritLayerRoot(tree, fs(parents[0]), fs(id));
    } catch (error) {
      tree.remove(Buffer.from(id));
      throw layerFailure(error, id, 'create');
    }
  }

  async unpackTarget({ id }: Layer): Promise<UnpackTarget> {
    this.#require(id).close();
    return { path: `${this.#layers.path}/${id}/fs`, whiteouts: 'overlay' };
  }

  async seal(layer: Layer): Promise<void> {
    const { id, parents } = layer;
    using tree = this.#require(id);
    const missing = parents.find((parent) => !tree.lstat(fs(parent)));
    if (missing !== undefined) throw layerParentMissing(id, missing);
    try {
      if (parents[0] !== undefined && isUntouchedLayerRoot(tree, fs(id)))
        inheritLayerRoot(tree, fs(parents[0]), fs(id));
      tree.remove(work(id));
    } catch (error) {
      throw layerFailure(error, id, 'seal');
    }
  }

  flush(): Promise<void> {
    return this.#files.syncfs(this.#layers.path);
  }

  async mounts(layer: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    using tree = this.#require(layer.id);
    if (access === 'rw' && !tree.lstat(work(layer.id))) throw layerSealed(layer.id);
    const missing = layer.parents.find((parent) => !tree.lstat(fs(parent)));
    if (missing !== undefined) throw layerParentMissing(layer.id, missing);
    return [stackedMount(tree, layer, access)];
  }

  async remove(id: string): Promise<void> {
    this.#layers.setAside(id);
  }

  cleanup(): Promise<void> {
    return this.#layers.emptyTrash();
  }

  async usage({ id }: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    this.#require(id).close();
    stopIfAborted(signal, id);
    return this.#files.usage(`${this.#layers.path}/${id}/fs`, signal);
  }

  async list(): Promise<readonly string[]> {
    return this.#layers.ids();
  }

  /** The driver's directory, after checking that the layer is in it. The caller closes it. */
  #require(id: string): Tree {
    const tree = this.#layers.open();
    if (tree.lstat(fs(id))) return tree;
    tree.close();
    throw layerNotFound(id);
  }
}
