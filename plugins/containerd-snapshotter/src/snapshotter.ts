/**
 * What this package serves: containerd's Snapshotter (containerd `core/snapshots/snapshotter.go`) as a structural
 * interface. `engine.storage.snapshotter()` has these methods; so may anything else. Paths in mounts are absolute, without a
 * `base`: containerd knows none.
 *
 * Methods throw `StrataError`s. containerd tells four kinds apart: already-exists, not-found, invalid-argument and
 * failed-precondition.
 */
import type { LayerUsage, Mount } from '@strata/core';

export type Labels = Readonly<Record<string, string>>;

export interface SnapshotInfo {
  readonly kind: 'active' | 'view' | 'committed';
  readonly name: string;
  /** Committed name of the parent; undefined for a base. */
  readonly parent: string | undefined;
  readonly labels: Labels;
  readonly created: Date;
  readonly updated: Date;
}

export interface Snapshotter {
  /** An empty parent is none. */
  prepare(key: string, parent: string, options: { readonly labels: Labels }): Promise<readonly Mount[]>;
  view(key: string, parent: string, options: { readonly labels: Labels }): Promise<readonly Mount[]>;
  mounts(key: string): Promise<readonly Mount[]>;
  /** Labels replace those of the key. A parent that is not empty: rebase. */
  commit(
    name: string,
    key: string,
    options: { readonly labels: Labels; readonly parent: string },
  ): Promise<void>;
  remove(key: string): Promise<void>;
  stat(key: string): Promise<SnapshotInfo>;
  /** `labels` replaces all, `labels.<name>` sets one or deletes it; no path: `labels`. */
  update(
    info: { readonly name: string; readonly labels: Labels },
    ...fieldPaths: readonly string[]
  ): Promise<SnapshotInfo>;
  usage(key: string, signal: AbortSignal): Promise<LayerUsage>;
  walk(): AsyncIterable<SnapshotInfo>;
  /** Give removed snapshots' disk space back. Without it containerd is told that there is nothing to do. */
  cleanup?(): Promise<void>;
}
