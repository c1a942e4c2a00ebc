/**
 * Each layer is a directory of its changes, `<root>/<id>/fs`, which the kernel stacks at mount. An active layer also
 * has `<root>/<id>/work`; `seal` removes it, so its absence marks a committed one. Deep stacks have `<root>/<id>/l`
 * (overlay-mount.ts). What `remove` sets aside is `<root>/.trash-<id>-<uuid>`.
 */
import {
  type ChangesLayerDriver,
  type Files,
  inheritLayerRoot,
  isUntouchedLayerRoot,
  type Layer,
  type LayerCapabilities,
  type LayerChanges,
  LayerDirectory,
  type LayerUsage,
  type Log,
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
import { hasLinks, makeLinks, needsLinks, overlayMount } from './overlay-mount.ts';

const fs = (id: string) => Buffer.from(`${id}/fs`);
const work = (id: string) => Buffer.from(`${id}/work`);

const CAPABILITIES: LayerCapabilities = {
  independentUnpack: true,
  directoryRename: false,
  stableInodes: false,
  quota: false,
  nativeChanges: true,
  clone: false,
  sharedPageCache: true,
  maxDepth: 500, // OVL_MAX_STACK, linux fs/overlayfs/params.h
};

export class OverlayLayerDriver implements ChangesLayerDriver {
  readonly capabilities: LayerCapabilities;
  readonly #layers: LayerDirectory;
  readonly #files: Files;

  constructor(root: string, files: Files, log: Log, more: Partial<LayerCapabilities> = {}) {
    this.capabilities = { ...CAPABILITIES, ...more };
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
      if (needsLinks(layer)) makeLinks(tree, layer);
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
      if (needsLinks(layer) && !hasLinks(tree, layer)) makeLinks(tree, layer);
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
    return [overlayMount({ tree, layer, access, options: overlayMountOptions(this.#files) })];
  }

  async changes({ id }: Layer): Promise<LayerChanges> {
    this.#require(id).close();
    return { kind: 'overlay', path: `${this.#layers.path}/${id}/fs` };
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
