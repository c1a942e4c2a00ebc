/**
 * What cases about trees need, whether they run on a driver alone or on a snapshotter over it: commit a change on a
 * parent, look at the result, keep an active layer between two mounts.
 */
import type { TreeEditor } from '../tree/tree-editor.ts';
import type { PictureOptions, TreePicture } from '../tree/tree-picture.ts';

export interface StackTraits {
  /** See `LayerCapabilities` in `@strata/core`. */
  readonly directoryRename: boolean;
  readonly stableInodes: boolean;
  readonly inheritedSockets?: boolean;
  readonly maxDepth: number;
}

export type Change = (edit: TreeEditor) => void | Promise<void>;

export interface LayerStack {
  readonly traits: StackTraits;
  /** Make an active layer on `parent`, mount it, change it, unmount and commit it. Resolves with its name. */
  commit(parent: string | undefined, change?: Change): Promise<string>;
  /** An active layer, not mounted. */
  prepare(parent: string | undefined): Promise<string>;
  /** Mount an active layer writable for the time of `work`. */
  edit<T>(active: string, work: (edit: TreeEditor) => T | Promise<T>): Promise<T>;
  /** Mount a committed layer read-only for the time of `work`. */
  look<T>(committed: string, work: (edit: TreeEditor) => T | Promise<T>): Promise<T>;
  picture(committed: string, options?: PictureOptions): Promise<TreePicture>;
  remove(name: string): Promise<void>;
}

export type StackCase = {
  readonly name: string;
  readonly excludedBy?: (traits: StackTraits) => string | undefined;
  run(stack: LayerStack): Promise<void>;
};
