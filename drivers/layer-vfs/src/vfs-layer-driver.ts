/**
 * Each layer is a whole directory tree, copied from its nearest parent: `<root>/<id>/fs`. The file
 * `<root>/<id>/sealed` marks a committed one. What `remove` sets aside is `<root>/.trash-<id>-<uuid>`.
 */
import {
  errnoOf,
  type Files,
  type Layer,
  type LayerCapabilities,
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

const ID = /^[a-z0-9]{1,16}$/;
const TRASH = '.trash-';
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

  readonly #root: string;
  readonly #files: Files;
  readonly #log: Log;

  constructor(root: string, files: Files, log: Log) {
    this.#root = root;
    this.#files = files;
    this.#log = log;
  }

  async create({ id, parents }: Layer): Promise<void> {
    this.#requireFree(id, parents);
    try {
      {
        using tree = this.#open();
        tree.mkdir(Buffer.from(id));
        tree.mkdir(Buffer.from(`${id}/fs`));
        tree.chmod(Buffer.from(`${id}/fs`), 0o755); // whatever the umask
      }
      if (parents[0] !== undefined) await this.#files.copyTree(this.#path(parents[0]), this.#path(id));
    } catch (error) {
      await this.#files.removeTree(`${this.#root}/${id}`);
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
    return this.#files.syncfs(this.#root);
  }

  async mounts({ id }: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    using tree = this.#require(id);
    if (access === 'rw' && tree.lstat(Buffer.from(`${id}/sealed`))) throw layerSealed(id);
    return [{ type: 'bind', source: this.#path(id), options: ['bind', access] }];
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
      await this.#files
        .removeTree(`${this.#root}/${name}`)
        .catch((error: unknown) =>
          this.#log.warn('a removed layer stays for the next cleanup', { name, error }),
        );
    }
  }

  async usage({ id }: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    this.#require(id).close();
    stopIfAborted(signal, id);
    return this.#files.usage(this.#path(id), signal);
  }

  async list(): Promise<readonly string[]> {
    return this.#names().filter((name) => ID.test(name));
  }

  #requireFree(id: string, parents: readonly string[]): void {
    using tree = this.#open();
    if (tree.lstat(Buffer.from(id))) throw layerExists(id);
    const missing = parents.find((parent) => !tree.lstat(Buffer.from(`${parent}/fs`)));
    if (missing !== undefined) throw layerParentMissing(id, missing);
  }

  #path(id: string): string {
    return `${this.#root}/${id}/fs`;
  }

  #open(): Tree {
    return this.#files.openTree(this.#root);
  }

  /** The driver's directory, after checking that the layer is in it. The caller closes it. */
  #require(id: string): Tree {
    const tree = this.#open();
    if (tree.lstat(Buffer.from(`${id}/fs`))) return tree;
    tree.close();
    throw layerNotFound(id);
  }

  #names(): string[] {
    using tree = this.#open();
    return tree.readdir(Buffer.from('.')).map((entry) => entry.name.toString());
  }
}
