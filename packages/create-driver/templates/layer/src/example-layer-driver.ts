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
  type UnpackTarget,
} from '@strata/core';

/** A layer is the directory `<root>/<id>/fs`: its whole tree. The file `<root>/<id>/sealed` marks a committed one. */
export class ExampleLayerDriver implements LayerDriver {
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
    if (this.#has(id)) throw layerExists(id);
    const missing = parents.find((parent) => !this.#has(`${parent}/fs`));
    if (missing !== undefined) throw layerParentMissing(id, missing);
    try {
      {
        using tree = this.#layers.open();
        tree.mkdir(Buffer.from(id));
        tree.mkdir(Buffer.from(`${id}/fs`));
        tree.chmod(Buffer.from(`${id}/fs`), 0o755);
      }
      if (parents[0] !== undefined) await this.#files.copyTree(this.#tree(parents[0]), this.#tree(id));
    } catch (error) {
      await this.#files.removeTree(`${this.#layers.path}/${id}`);
      throw layerFailure(error, id, 'create');
    }
  }

  async unpackTarget({ id }: Layer): Promise<UnpackTarget> {
    this.#require(id);
    return { path: this.#tree(id), whiteouts: 'execute' };
  }

  async seal({ id }: Layer): Promise<void> {
    this.#require(id);
    if (this.#has(`${id}/sealed`)) return;
    try {
      using tree = this.#layers.open();
      const meta = { mode: 0o400, uid: 0, gid: 0, mtimeNs: 0n };
      tree.writeFile(Buffer.from(`${id}/sealed`), Buffer.alloc(0), meta);
    } catch (error) {
      throw layerFailure(error, id, 'seal');
    }
  }

  flush(): Promise<void> {
    return this.#files.syncfs(this.#layers.path);
  }

  async mounts({ id }: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    this.#require(id);
    if (access === 'rw' && this.#has(`${id}/sealed`)) throw layerSealed(id);
    return [{ type: 'bind', source: this.#tree(id), options: ['bind', access] }];
  }

  /** One rename, so that it is quick and the id is free at once. */
  async remove(id: string): Promise<void> {
    this.#layers.setAside(id);
  }

  cleanup(): Promise<void> {
    return this.#layers.emptyTrash();
  }

  async usage({ id }: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    this.#require(id);
    stopIfAborted(signal, id);
    return this.#files.usage(this.#tree(id), signal);
  }

  async list(): Promise<readonly string[]> {
    return this.#layers.ids();
  }

  #tree(id: string): string {
    return `${this.#layers.path}/${id}/fs`;
  }

  #require(id: string): void {
    if (!this.#has(`${id}/fs`)) throw layerNotFound(id);
  }

  #has(path: string): boolean {
    using tree = this.#layers.open();
    return tree.lstat(Buffer.from(path)) !== undefined;
  }
}
