/**
 * # SnapshotterUnderTest: the state machine over a layer driver
 *
 * What {@link snapshotterSuite} calls: containerd's Snapshotter (containerd `core/snapshots/snapshotter.go`) as a
 * structural interface. The engine's LayerStore has these methods; so has anything else that wants the suite.
 *
 * ## Model
 * One key space for all kinds: an active key may not equal a committed name.
 * `prepare` → **active** (writable) → `commit` → **committed** (immutable, may be a parent). `view` → **view**
 * (read-only), which never commits. Only committed snapshots are parents. Everything is removed leaf first.
 *
 * ## Errors (StrataError kinds; containerd `core/snapshots/storage/bolt.go`)
 * - `already-exists`: prepare or view with a key that is in use, by any kind; commit to a name in use.
 * - `not-found`: stat, update, mounts, usage, remove, commit of an unknown key; a parent that is not there.
 * - `invalid-argument`: prepare or view on a parent that is not committed; update of anything but labels, or with
 *   an unknown field path; an empty key or name; changing an existing parent at commit.
 * - `failed-precondition`: mounts of a committed one; commit of a view or committed one; remove while it has
 *   children; commit with a `parent` (rebase) that is not committed.
 *
 * A failed call changes nothing.
 */
import type { LayerUsage, Mount } from '@strata/core';

export type SnapshotKind = 'active' | 'view' | 'committed';

export type SnapshotLabels = Readonly<Record<string, string>>;

export interface SnapshotInfo {
  /** Key of an active one or view; name of a committed one. */
  readonly name: string;
  readonly kind: SnapshotKind;
  /** Name of the committed parent; `undefined` for a base. */
  readonly parent: string | undefined;
  readonly labels: SnapshotLabels;
  readonly created: Date;
  /** Equal to `created` until the first update. */
  readonly updated: Date;
}

export interface SnapshotOptions {
  readonly labels?: SnapshotLabels;
}

export interface CommitOptions {
  /** They replace the labels of the active one; none are inherited. */
  readonly labels?: SnapshotLabels;
  /** Rebase: only when the active one was prepared without a parent. */
  readonly parent?: string;
}

/**
 * A snapshot matches a filter when it matches every part that is given. Several filters: any of them.
 * The fields are those of containerd's filter strings `name==`, `parent==`, `kind==` and `labels."x"[==v]`.
 */
export interface SnapshotFilter {
  readonly name?: string;
  /** `null`: those without a parent. */
  readonly parent?: string | null;
  readonly kind?: SnapshotKind;
  /** Present with this value; `true`: present with any value. */
  readonly labels?: Readonly<Record<string, string | true>>;
}

export interface SnapshotterUnderTest {
  /** Make a writable snapshot; the returned mounts show the parent and collect changes. Nothing is mounted. */
  prepare(key: string, parent?: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  /** Make a read-only look at a parent (or at nothing). */
  view(key: string, parent?: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  /** The mounts of an active snapshot or view again, also in another process. */
  mounts(key: string): Promise<readonly Mount[]>;
  /** Turn an active snapshot into the committed `name`; the key is free afterwards. */
  commit(name: string, key: string, options?: CommitOptions): Promise<void>;
  /** Remove a snapshot without children; its key or name is free as soon as this resolves. */
  remove(key: string): Promise<void>;
  stat(key: string): Promise<SnapshotInfo>;
  /**
   * Change labels; `created`, `kind` and `parent` cannot be changed. `fieldpaths`: `labels` replaces all,
   * `labels.<name>` sets one, or deletes it where the new value is missing or empty. None: `labels`.
   * Resolves with the new state, `updated` moved on.
   */
  update(
    info: { readonly name: string; readonly labels?: SnapshotLabels },
    ...fieldpaths: readonly string[]
  ): Promise<SnapshotInfo>;
  /** Its own consumption, parents excluded. Stored at commit; computed for an active one. */
  usage(key: string, signal?: AbortSignal): Promise<LayerUsage>;
  /** In any order. Calling stat or remove inside the loop is fine. */
  walk(...filters: readonly SnapshotFilter[]): AsyncIterable<SnapshotInfo>;
  /** Idempotent. */
  close(): Promise<void>;
}
