/**
 * A base layer is a subvolume `<root>/<id>`, every other layer a snapshot of its nearest parent, a committed one
 * is read-only. What `remove` sets aside is `<root>/.trash-<id>-<uuid>`, until `cleanup` deletes it.
 */
import {
  type ChangesLayerDriver,
  type CloneLayerDriver,
  type Host,
  type Layer,
  type LayerCapabilities,
  type LayerChanges,
  LayerDirectory,
  type LayerUsage,
  layerExists,
  layerFailure,
  layerNotFound,
  layerParentMissing,
  type Mount,
  stopIfAborted,
  type UnpackTarget,
} from '@strata/core';
import { changedPaths } from './btrfs-changes.ts';
import type { BtrfsCommand } from './btrfs-command.ts';
import { reclaim } from './btrfs-reclaim.ts';
import { BtrfsTrees } from './btrfs-trees.ts';

const CAPABILITIES: LayerCapabilities = {
  independentUnpack: false,
  directoryRename: true,
  stableInodes: true,
  quota: false,
  nativeChanges: true,
  clone: true,
  sharedPageCache: false,
  maxDepth: Number.MAX_SAFE_INTEGER,
};

export class BtrfsLayerDriver implements CloneLayerDriver, ChangesLayerDriver {
  readonly capabilities: LayerCapabilities;
  readonly #layers: LayerDirectory;
  readonly #command: BtrfsCommand;
  readonly #host: Pick<Host, 'exec' | 'files' | 'log'>;

  constructor(
    root: string,
    command: BtrfsCommand,
    host: Pick<Host, 'exec' | 'files' | 'log'>,
    more: Partial<LayerCapabilities> = {},
  ) {
    this.capabilities = { ...CAPABILITIES, ...more };
    this.#layers = new LayerDirectory(root, host.files, host.log);
    this.#command = command;
    this.#host = host;
  }

  async create({ id, parents }: Layer): Promise<void> {
    this.#requireFree(id);
    const missing = this.#missing(parents);
    if (missing !== undefined) throw layerParentMissing(id, missing);
    await this.#undoing(id, 'create', async () => {
      if (parents[0] !== undefined) return this.#command.snapshot(this.#path(parents[0]), this.#path(id));
      await this.#command.create(this.#path(id));
      using tree = this.#layers.open();
      tree.chmod(Buffer.from(id), 0o755); // whatever the umask
    });
  }

  async clone(source: Layer, target: Layer): Promise<void> {
    this.#require(source.id);
    this.#requireFree(target.id);
    await this.#undoing(target.id, 'clone', () =>
      this.#command.snapshot(this.#path(source.id), this.#path(target.id)),
    );
  }

  async unpackTarget({ id }: Layer): Promise<UnpackTarget> {
    this.#require(id);
    return { path: this.#path(id), whiteouts: 'execute' };
  }

  async seal({ id }: Layer): Promise<void> {
    this.#require(id);
    await this.#command.setReadOnly(this.#path(id), true).catch((error: unknown) => {
      throw layerFailure(error, id, 'seal');
    });
  }

  flush(): Promise<void> {
    return this.#host.files.syncfs(this.#layers.path);
  }

  async mounts({ id }: Layer, access: 'rw' | 'ro'): Promise<readonly Mount[]> {
    this.#require(id);
    return [{ type: 'bind', source: this.#path(id), options: ['bind', access] }];
  }

  async remove(id: string): Promise<void> {
    this.#layers.setAside(id);
  }

  async cleanup(): Promise<void> {
    await reclaim({ layers: this.#layers, command: this.#command, ...this.#host }, this.#layers.trash());
  }

  /**
   * New data by the filesystem's generations, with that of subvolumes made inside; inodes without data (directories,
   * empty files) are not counted.
   */
  async usage({ id, parents }: Layer, signal?: AbortSignal): Promise<LayerUsage> {
    this.#require(id);
    stopIfAborted(signal, id);
    const trees = new BtrfsTrees(this.#host.files, this.#layers.path);
    return trees.written(this.#path(id), parents.length === 0, () => stopIfAborted(signal, id));
  }

  async changes({ id, parents: [parent] }: Layer): Promise<LayerChanges> {
    this.#require(id);
    const { exec, files } = this.#host;
    return { kind: 'candidates', paths: changedPaths({ layers: this.#layers, exec, files, id, parent }) };
  }

  async list(): Promise<readonly string[]> {
    return this.#layers.ids();
  }

  async #undoing(id: string, action: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.remove(id);
      throw layerFailure(error, id, action);
    }
  }

  #path(id: string): string {
    return `${this.#layers.path}/${id}`;
  }

  #missing(ids: readonly string[]): string | undefined {
    using tree = this.#layers.open();
    return ids.find((id) => !tree.lstat(Buffer.from(id)));
  }

  #require(id: string): void {
    if (this.#missing([id]) !== undefined) throw layerNotFound(id);
  }

  #requireFree(id: string): void {
    if (this.#missing([id]) === undefined) throw layerExists(id);
  }
}
