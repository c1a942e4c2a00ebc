/**
 * An active layer is a directory of its changes, `<root>/<id>/fs` with `work`, over its parents. `seal` packs it into
 * `<root>/<id>/image.erofs` and notes the attributes of its root on an empty directory, `<root>/<id>/root`; what
 * mkfs.erofs cannot hold (a name of 255 bytes, in 1.5) stays a directory. Sealed is what has no `work`. `l/<n>` are
 * mountpoints (erofs-mount.ts). What `remove` sets aside is `<root>/.trash-<id>-<uuid>`.
 */
import {
  errnoOf,
  type Host,
  isStrataError,
  type Layer,
  type LayerCapabilities,
  type LayerDriver,
  type LayerUsage,
  layerExists,
  layerFailure,
  layerNotFound,
  layerParentMissing,
  layerSealed,
  type Mount,
  stopIfAborted,
  type Tree,
  type UnpackTarget,
} from '@strata/core';
import { makeImage } from './erofs-image.ts';
import {
  type Backing,
  IMAGE,
  imageMount,
  makeMountpoints,
  overlayOptions,
  rootOf,
  stackedMounts,
} from './erofs-mount.ts';
import type { ErofsOptions } from './erofs-options.ts';
import { copyRoot, inheritRoot, isUntouchedRoot, makeRoot } from './erofs-root.ts';

const ID = /^[a-z0-9]{1,16}$/;
const TRASH = '.trash-';
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

  readonly #root: string;
  readonly #host: Pick<Host, 'files' | 'exec' | 'mounter' | 'log'>;
  readonly #options: ErofsOptions;
  #backing: Promise<Backing> | undefined;

  constructor(root: string, host: Pick<Host, 'files' | 'exec' | 'mounter' | 'log'>, options: ErofsOptions) {
    this.#root = root;
    this.#host = host;
    this.#options = options;
  }

  async create(layer: Layer): Promise<void> {
    const { id, parents } = layer;
    using tree = this.#open();
    if (tree.lstat(Buffer.from(id))) throw layerExists(id);
    this.#requireParents(tree, layer);
    try {
      tree.mkdir(Buffer.from(id));
      makeRoot(tree, at(id, 'fs'));
      tree.mkdir(at(id, 'work'));
      if (parents[0] !== undefined) inheritRoot(tree, rootOf(tree, parents[0]), at(id, 'fs'));
      makeMountpoints(tree, layer);
    } catch (error) {
      tree.remove(Buffer.from(id));
      throw layerFailure(error, id, 'create');
    }
  }

  async unpackTarget({ id }: Layer): Promise<UnpackTarget> {
    using tree = this.#require(id);
    if (!tree.lstat(at(id, 'fs'))) throw layerSealed(id);
    return { path: `${this.#root}/${id}/fs`, whiteouts: 'overlay' };
  }

  /** The image appears in one rename; the directory goes after it, and a seal that finds both only takes it away. */
  async seal(layer: Layer): Promise<void> {
    const { id, parents } = layer;
    using tree = this.#require(id);
    this.#requireParents(tree, layer);
    try {
      makeMountpoints(tree, layer);
      if (!tree.lstat(at(id, IMAGE))) {
        if (parents[0] !== undefined && isUntouchedRoot(tree, at(id, 'fs')))
          inheritRoot(tree, rootOf(tree, parents[0]), at(id, 'fs'));
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
    const paths = { directory: `${this.#root}/${id}/fs`, file: `${this.#root}/${id}/${NEW_IMAGE}` };
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
    return this.#host.files.syncfs(this.#root);
  }

  async mounts(layer: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    using tree = this.#require(layer.id);
    if (access === 'rw' && !tree.lstat(at(layer.id, 'work'))) throw layerSealed(layer.id);
    this.#requireParents(tree, layer);
    const image = [layer.id, ...layer.parents].find((id) => tree.lstat(at(id, IMAGE)));
    const backing = image === undefined ? 'file' : await this.#findBacking(image);
    const options = overlayOptions(this.#host.files);
    return stackedMounts({ tree, layer, access, backing, options });
  }

  async remove(id: string): Promise<void> {
    using tree = this.#open();
    try {
      tree.rename(Buffer.from(id), Buffer.from(`${TRASH}${id}-${crypto.randomUUID()}`));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw layerFailure(error, id, 'remove');
    }
  }

  async cleanup(): Promise<void> {
    const trash = this.#names().filter((name) => name.startsWith(TRASH));
    for (const name of trash) {
      await this.#host.files
        .removeTree(`${this.#root}/${name}`)
        .catch((error: unknown) =>
          this.#host.log.warn('a removed layer stays for the next cleanup', { name, error }),
        );
    }
  }

  /** A committed layer uses what its image does; the inodes inside are not the disk's. */
  async usage({ id }: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    using tree = this.#require(id);
    stopIfAborted(signal, id);
    const image = tree.lstat(at(id, IMAGE));
    if (image !== undefined) return { bytes: image.blocks * 512, inodes: 1 };
    return this.#host.files.usage(`${this.#root}/${id}/fs`, signal);
  }

  async list(): Promise<readonly string[]> {
    return this.#names().filter((name) => ID.test(name));
  }

  /** Asked once, of the kernel, with an image that is there anyway. */
  #findBacking(id: string): Promise<Backing> {
    const file = `${this.#root}/${id}/${IMAGE}`;
    this.#backing ??= this.#host.mounter
      .withMounted([imageMount(file, 'file')], async () => 'file' as const)
      .catch(() => 'loop' as const);
    return this.#backing;
  }

  #open(): Tree {
    return this.#host.files.openTree(this.#root);
  }

  #requireParents(tree: Tree, { id, parents }: Layer): void {
    const missing = parents.find((parent) => !exists(tree, parent));
    if (missing !== undefined) throw layerParentMissing(id, missing);
  }

  /** The driver's directory, after checking that the layer is in it. The caller closes it. */
  #require(id: string): Tree {
    const tree = this.#open();
    if (exists(tree, id)) return tree;
    tree.close();
    throw layerNotFound(id);
  }

  #names(): string[] {
    using tree = this.#open();
    return tree.readdir(Buffer.from('.')).map((entry) => entry.name.toString());
  }
}
