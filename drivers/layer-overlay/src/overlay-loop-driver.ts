import {
  type Host,
  type Layer,
  type LayerCapabilities,
  type LayerChanges,
  type LayerUsage,
  type LoopLayerDriver,
  layerFailure,
  layerNotFound,
  type Mount,
  overlayMountOptions,
  StrataError,
  stopIfAborted,
  type Tree,
  type UnpackTarget,
} from '@strata/core';
import { OverlayLayerDriver } from './overlay-layer-driver.ts';
import { backedMounts, imageMount, imageUsage, isBacked, leaveImage, makeImage } from './overlay-loop.ts';

/** Layers in directories, and those that were given a filesystem of their own (overlay-loop.ts). */
export class LoopOverlayLayerDriver extends OverlayLayerDriver implements LoopLayerDriver {
  readonly #root: string;
  readonly #host: Host;

  constructor(root: string, host: Host, more: Partial<LayerCapabilities> = {}) {
    super(root, host.files, host.log, { loopBacking: true, ...more });
    this.#root = root;
    this.#host = host;
  }

  async setBacking({ id }: Layer, limit: { readonly bytes: number }): Promise<void> {
    using tree = this.#host.files.openTree(this.#root);
    if (tree.lstat(Buffer.from(`${id}/work`)) === undefined) throw layerNotFound(id);
    if (isBacked(tree, id)) return;
    try {
      await makeImage(this.#host, tree, id, limit.bytes);
    } catch (error) {
      throw layerFailure(error, id, 'limit');
    }
  }

  override async unpackTarget(layer: Layer): Promise<UnpackTarget> {
    using tree = this.#backed(layer.id);
    if (tree === undefined) return super.unpackTarget(layer);
    throw new StrataError(
      'failed-precondition',
      'LAYER_BACKED',
      `layer ${layer.id} is in a file of its own, nothing is unpacked into it`,
    );
  }

  override async seal(layer: Layer): Promise<void> {
    using tree = this.#backed(layer.id);
    if (tree !== undefined)
      await leaveImage(this.#host, tree, layer.id).catch((error: unknown) => {
        throw layerFailure(error, layer.id, 'seal');
      });
    return super.seal(layer);
  }

  override async mounts(layer: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    const plain = await super.mounts(layer, access);
    using tree = this.#backed(layer.id);
    if (tree === undefined) return plain;
    return backedMounts({ tree, layer, access, options: overlayMountOptions(this.#host.files) });
  }

  override async changes(layer: Layer): Promise<LayerChanges> {
    using tree = this.#backed(layer.id);
    if (tree === undefined) return super.changes(layer);
    return { kind: 'overlay', path: 'fs', mounts: [imageMount(tree, layer.id)] };
  }

  override async usage(layer: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    using tree = this.#backed(layer.id);
    if (tree === undefined) return super.usage(layer, signal);
    stopIfAborted(signal, layer.id);
    return await imageUsage(this.#host, tree, layer.id);
  }

  /** The driver's directory when the layer is in a file of its own. The caller closes it. */
  #backed(id: string): Tree | undefined {
    const tree = this.#host.files.openTree(this.#root);
    if (isBacked(tree, id)) return tree;
    tree.close();
    return undefined;
  }
}
