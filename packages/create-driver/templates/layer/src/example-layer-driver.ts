import {
  errnoOf,
  type Files,
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
  type UnpackTarget,
} from '@strata/core';

const TRASH = '.trash-';

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

  readonly #root: string;
  readonly #files: Files;

  constructor(root: string, files: Files) {
    this.#root = root;
    this.#files = files;
  }

  async create({ id, parents }: Layer): Promise<void> {
    if (this.#has(id)) throw layerExists(id);
    const missing = parents.find((parent) => !this.#has(`${parent}/fs`));
    if (missing !== undefined) throw layerParentMissing(id, missing);
    try {
      {
        using tree = this.#files.openTree(this.#root);
        tree.mkdir(Buffer.from(id));
        tree.mkdir(Buffer.from(`${id}/fs`));
        tree.chmod(Buffer.from(`${id}/fs`), 0o755);
      }
      if (parents[0] !== undefined) await this.#files.copyTree(this.#tree(parents[0]), this.#tree(id));
    } catch (error) {
      await this.#files.removeTree(`${this.#root}/${id}`);
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
      using tree = this.#files.openTree(this.#root);
      const meta = { mode: 0o400, uid: 0, gid: 0, mtimeNs: 0n };
      tree.writeFile(Buffer.from(`${id}/sealed`), Buffer.alloc(0), meta);
    } catch (error) {
      throw layerFailure(error, id, 'seal');
    }
  }

  flush(): Promise<void> {
    return this.#files.syncfs(this.#root);
  }

  async mounts({ id }: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    this.#require(id);
    if (access === 'rw' && this.#has(`${id}/sealed`)) throw layerSealed(id);
    return [{ type: 'bind', source: this.#tree(id), options: ['bind', access] }];
  }

  /** One rename, so that it is quick and the id is free at once. */
  async remove(id: string): Promise<void> {
    try {
      using tree = this.#files.openTree(this.#root);
      tree.rename(Buffer.from(id), Buffer.from(`${TRASH}${crypto.randomUUID()}`));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw layerFailure(error, id, 'remove');
    }
  }

  async cleanup(): Promise<void> {
    for (const name of this.#names().filter((name) => name.startsWith(TRASH)))
      await this.#files.removeTree(`${this.#root}/${name}`);
  }

  async usage({ id }: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    this.#require(id);
    stopIfAborted(signal, id);
    return this.#files.usage(this.#tree(id), signal);
  }

  async list(): Promise<readonly string[]> {
    return this.#names().filter((name) => !name.startsWith('.'));
  }

  #tree(id: string): string {
    return `${this.#root}/${id}/fs`;
  }

  #require(id: string): void {
    if (!this.#has(`${id}/fs`)) throw layerNotFound(id);
  }

  #has(path: string): boolean {
    using tree = this.#files.openTree(this.#root);
    return tree.lstat(Buffer.from(path)) !== undefined;
  }

  #names(): string[] {
    using tree = this.#files.openTree(this.#root);
    return tree.readdir(Buffer.from('.')).map(({ name }) => name.toString());
  }
}
