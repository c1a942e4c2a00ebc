import type { LayerUsage, Mount } from '@strata/core';

export type SnapshotKind = 'active' | 'view' | 'committed';

export interface SnapshotInfo {
  readonly kind: SnapshotKind;
  readonly name: string;
  /** Committed name of the parent; undefined for a base. */
  readonly parent: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
  readonly updated: Date;
}

interface SnapshotOptions {
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * containerd's Snapshotter (core/snapshots/snapshotter.go) over one layer driver: names, parents, kinds and labels
 * are durable, its errors are `already-exists`, `not-found`, `invalid-argument` and `failed-precondition`.
 *
 * Mounts are for another program: absolute paths, no `base`, none that uses another one of them. What a driver's own
 * description has beyond that is mounted below `<run>/held` for as long as a snapshot uses it, past the end of this process.
 */
export interface Snapshotter extends AsyncDisposable {
  readonly driver: string;
  /** Make a writable snapshot of a committed parent (or of nothing) and say how to mount it. */
  prepare(key: string, parent?: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  /** The same, read-only. */
  view(key: string, parent?: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  mounts(key: string): Promise<readonly Mount[]>;
  /** Make it immutable under a name and durable. Labels are replaced. `parent`: rebase, with `independentUnpack`. */
  commit(name: string, key: string, options?: SnapshotOptions & { readonly parent?: string }): Promise<void>;
  /** Only without children. Disk space may come back with `cleanup`. */
  remove(key: string): Promise<void>;
  stat(key: string): Promise<SnapshotInfo>;
  update(
    info: { readonly name: string; readonly labels?: Readonly<Record<string, string>> },
    ...fieldPaths: readonly string[]
  ): Promise<SnapshotInfo>;
  usage(key: string, signal?: AbortSignal): Promise<LayerUsage>;
  walk(): AsyncIterable<SnapshotInfo>;
  /** Give removed snapshots' disk space back now, also what dead processes left half made. */
  cleanup(): Promise<void>;
  close(): Promise<void>;
}
