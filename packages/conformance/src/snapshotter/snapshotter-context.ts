/** A snapshotter on an empty store, with what cases need to mount and compare; `close` removes everything, leaf first. */
import assert from 'node:assert/strict';
import type { Host, Mount } from '@strata/core';
import type { Change, LayerStack, StackTraits } from '../stack/layer-stack.ts';
import { TreeEditor } from '../tree/tree-editor.ts';
import { type PictureOptions, type TreePicture, takePicture } from '../tree/tree-picture.ts';
import type { SnapshotFilter, SnapshotInfo, SnapshotterUnderTest } from './snapshotter.ts';

export interface SnapshotterTraits extends StackTraits {
  /** `commit` takes a `parent` (rebase). Otherwise it must refuse with `failed-precondition` or `unsupported`. */
  readonly independentUnpack: boolean;
}

/** What the author of a snapshotter gives the suite. */
export interface SnapshotterSuiteTarget {
  readonly name: string;
  readonly host: Host;
  /** A snapshotter on an empty store, new for every case. `traits`: the capabilities of the driver below it. */
  create(): Promise<{
    readonly snapshotter: SnapshotterUnderTest;
    readonly traits: SnapshotterTraits;
    dispose(): Promise<void>;
  }>;
}

export class SnapshotterContext implements LayerStack {
  readonly snapshotter: SnapshotterUnderTest;
  readonly traits: SnapshotterTraits;
  readonly #host: Host;
  #count = 0;

  constructor(snapshotter: SnapshotterUnderTest, traits: SnapshotterTraits, host: Host) {
    this.snapshotter = snapshotter;
    this.traits = traits;
    this.#host = host;
  }

  unique(prefix: string): string {
    this.#count += 1;
    return `${prefix}-${this.#count}`;
  }

  mounted<T>(mounts: readonly Mount[], work: (edit: TreeEditor) => T | Promise<T>): Promise<T> {
    return this.#host.mounter.withMounted(mounts, async (directory) => {
      using tree = this.#host.files.openTree(directory);
      return await work(new TreeEditor(tree, directory)); // await: `using` closes the tree on return
    });
  }

  async prepare(parent: string | undefined): Promise<string> {
    const key = this.unique('active');
    await this.snapshotter.prepare(key, parent);
    return key;
  }

  async commit(parent: string | undefined, change?: Change): Promise<string> {
    const key = this.unique('active');
    const mounts = await this.snapshotter.prepare(key, parent);
    if (change) await this.mounted(mounts, change);
    const name = this.unique('committed');
    await this.snapshotter.commit(name, key);
    return name;
  }

  async edit<T>(active: string, work: (edit: TreeEditor) => T | Promise<T>): Promise<T> {
    return this.mounted(await this.snapshotter.mounts(active), work);
  }

  async look<T>(committed: string, work: (edit: TreeEditor) => T | Promise<T>): Promise<T> {
    const key = this.unique('view');
    const mounts = await this.snapshotter.view(key, committed);
    try {
      return await this.mounted(mounts, work);
    } finally {
      await this.snapshotter.remove(key);
    }
  }

  picture(committed: string, options?: PictureOptions): Promise<TreePicture> {
    return this.look(committed, (edit) => takePicture(edit.tree, edit.directory, options));
  }

  remove(name: string): Promise<void> {
    return this.snapshotter.remove(name);
  }

  async walked(...filters: readonly SnapshotFilter[]): Promise<Map<string, SnapshotInfo>> {
    const found = new Map<string, SnapshotInfo>();
    for await (const info of this.snapshotter.walk(...filters)) found.set(info.name, info);
    return found;
  }

  async close(): Promise<void> {
    for (let all = await this.walked(); all.size > 0; all = await this.walked()) {
      const parents = new Set([...all.values()].map(({ parent }) => parent));
      const leaves = [...all.keys()].filter((name) => !parents.has(name));
      assert.ok(leaves.length > 0, 'every snapshot is the parent of another');
      for (const name of leaves) await this.snapshotter.remove(name);
    }
    await this.snapshotter.close();
  }
}
