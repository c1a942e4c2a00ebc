/**
 * Each layer is a whole directory tree, copied from its nearest parent: `<root>/<id>/fs`. The file
 * `<root>/<id>/sealed` marks a committed one. What `remove` sets aside is `<root>/.trash-<id>-<uuid>`.
 */
import {
  type Files,
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
  stopIfAborted,
  type Tree,
  type UnpackTarget,
} from '@strata/core';

const ROOT_OWNED = { uid: 0, gid: 0, mtimeNs: 0n };

export class VfsLayerDriver implements LayerDriver {
  readonly capabilities: LayerCapabilities = {
    independentUnpack: false,
    directoryRename: true,
    stableInodes: true,
    quota: false,
    nativeChanges: false,
    clone: false,
    sharedPageCache: false,
    maxDepth: Number.MAX_SAFE_INTEGER,
  };

  readonly #layers: LayerDirectory;
  readonly #files: Files;

  constructor(root: string, files: Files, log: Log) {
    this.#layers = new LayerDirectory(root, files, log);
    this.#files = files;
  }

  async create({ id, parents }: Layer): Promise<void> {
    this.#requireFree(id, parents);
    try {
      {
        using tree = this.#layers.open();
        tree.mkdir(Buffer.from(id));
        tree.mkdir(Buffer.from(`${id}/fs`));
        tree.chmod(Buffer.from(`${id}/fs`), 0o755); // whatever the umask
      }
      if (parents[0] !== undefined) await this.#files.copyTree(this.#path(parents[0]), this.#path(id));
    } catch (error) {
      await this.#files.removeTree(`${this.#layers.path}/${id}`);
      throw layerFailure(error, id, 'create');
    }
  }

  async unpackTarget({ id }: Layer): Promise<UnpackTarget> {
    this.#require(id).close();
    return { path: this.#path(id), whiteouts: 'execute' };
  }

  async seal({ id }: Layer): Promise<void> {
    using tree = this.#require(id);
    const marker = Buffer.from(`${id}/sealed`);
    if (tree.lstat(marker)) return;
    try {
      tree.writeFile(marker, Buffer.alloc(0), { mode: 0o400, ...ROOT_OWNED });
    } catch (error) {
      throw layerFailure(error, id, 'seal');
    }
  }

  flush(): Promise<void> {
    return this.#files.syncfs(this.#layers.path);
  }

  async mounts({ id }: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    using tree = this.#require(id);
    if (access === 'rw' && tree.lstat(Buffer.from(`${id}/sealed`))) throw layerSealed(id);
    return [{ type: 'bind', source: this.#path(id), options: ['bind', access] }];
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
    return this.#files.usage(this.#path(id), signal);
  }

  async list(): Promise<readonly string[]> {
    return this.#layers.ids();
  }

  #requireFree(id: string, parents: readonly string[]): void {
    using tree = this.#layers.open();
    if (tree.lstat(Buffer.from(id))) throw layerExists(id);
    const missing = parents.find((parent) => !tree.lstat(Buffer.from(`${parent}/fs`)));
    if (missing !== undefined) throw layerParentMissing(id, missing);
  }

  #path(id: string): string {
    return `${this.#layers.path}/${id}/fs`;
  }

  /** The driver's directory, after checking that the layer is in it. The caller closes it. */
  #require(id: string): Tree {
    const tree = this.#layers.open();
    if (tree.lstat(Buffer.from(`${id}/fs`))) return tree;
    tree.close();
    throw layerNotFound(id);
  }
}
