import type { Database, LayerDriver, LayerUsage, Mount, Processes, UnpackTarget } from '@strata/core';
import type { LayerFilter, LayerImport, LayerInfo, LayerKind, LayerLabels, LayerStore } from '../services.ts';
import { isLeaseAlive } from '../state/lease.ts';
import { abandonLayers } from './abandon-layers.ts';
import { layerErrors } from './layer-errors.ts';
import { matches } from './layer-filter.ts';
import { StackImport } from './layer-import.ts';
import { changeLabels } from './layer-labels.ts';
import { type LayerRow, LayerRows, layerId } from './layer-rows.ts';

const PAGE = 256;

export interface LayerStoreParts {
  readonly driverId: string;
  readonly driver: LayerDriver;
  /** Whose key space; '' is Strata's own. */
  readonly owner: string;
  readonly database: Database;
  readonly processes: Processes;
  /** Lease of this process. */
  readonly lease: string;
}

/** See {@link LayerStore}. Every decision is one transaction; driver calls happen between transactions, never inside. */
export class SqliteLayerStore implements LayerStore {
  readonly driverId: string;
  readonly driver: LayerDriver;
  readonly #rows: LayerRows;
  readonly #processes: Processes;
  readonly #lease: string;
  #removed = false;

  constructor(parts: LayerStoreParts) {
    this.driverId = parts.driverId;
    this.driver = parts.driver;
    this.#rows = new LayerRows(parts.database, parts.driverId, parts.owner);
    this.#processes = parts.processes;
    this.#lease = parts.lease;
  }

  prepare(key: string, parent?: string, options: { readonly labels?: LayerLabels } = {}) {
    return this.#create('active', key, parent, options.labels ?? {});
  }

  view(key: string, parent?: string, options: { readonly labels?: LayerLabels } = {}) {
    return this.#create('view', key, parent, options.labels ?? {});
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    const row = this.#ready(key);
    if (row.kind === 'committed') throw layerErrors.noMounts(key);
    return this.#mounts(row);
  }

  async committedMounts(name: string): Promise<readonly Mount[]> {
    const row = this.#ready(name);
    if (row.kind !== 'committed') throw layerErrors.parentNotCommitted(name);
    return this.driver.mounts(this.#rows.layer(row), 'ro');
  }

  async unpackTarget(key: string): Promise<UnpackTarget> {
    const row = this.#ready(key);
    if (row.kind !== 'active') throw layerErrors.notActive(key, row.kind);
    return this.driver.unpackTarget(this.#rows.layer(row));
  }

  async layer(key: string) {
    return this.#rows.layer(this.#ready(key));
  }

  has(name: string): boolean {
    const row = this.#rows.holder(name);
    return row?.kind === 'committed' && row.state === 'ready';
  }

  async commit(
    name: string,
    key: string,
    options: { readonly labels?: LayerLabels; readonly parent?: string } = {},
  ): Promise<void> {
    if (name === '') throw layerErrors.emptyName();
    const begun = await this.#beginCommit(name, key, options.parent || undefined);
    try {
      const layer = { id: layerId(begun.row.seq), parents: begun.parents };
      await this.driver.seal(layer);
      const usage = await this.driver.usage(layer);
      await this.driver.flush();
      this.#rows.transaction(() => {
        this.#rows.delete(begun.reservation);
        this.#rows.publish(begun.row.seq, {
          name,
          parent: begun.parent,
          labels: options.labels ?? {},
          usage,
        });
      });
    } catch (error) {
      this.#rows.transaction(() => {
        this.#rows.delete(begun.reservation);
        this.#rows.setLease(begun.row.seq, null);
      });
      throw error;
    }
  }

  /** Check everything, reserve the name with a row that has no disk, and mark the active layer as ours. */
  async #beginCommit(name: string, key: string, parentName: string | undefined) {
    await this.#recover(name);
    return this.#rows.transaction(() => {
      const row = this.#ready(key);
      if (row.kind !== 'active') throw layerErrors.notActive(key, row.kind);
      if (this.#busy(row)) throw layerErrors.busy(key);
      if (this.#rows.holder(name) !== undefined) throw layerErrors.exists(name);
      const parent = parentName === undefined ? row.parent : this.#rebase(row, parentName);
      const reservation = this.#rows.insert({
        key: name,
        kind: 'committed',
        parent,
        labels: {},
        lease: this.#lease,
      });
      this.#rows.setLease(row.seq, this.#lease);
      return { row, parent, reservation, parents: parent === null ? [] : this.#rows.chain(parent) };
    });
  }

  #rebase(row: LayerRow, parentName: string): number {
    const parent = this.#rows.holder(parentName);
    if (parent === undefined || parent.state !== 'ready') throw layerErrors.parentMissing(parentName);
    if (row.parent === parent.seq) return parent.seq;
    if (row.parent !== null) throw layerErrors.parentChange(row.key);
    if (parent.kind !== 'committed') throw layerErrors.rebaseNotCommitted(parentName);
    if (!this.driver.capabilities.independentUnpack)
      throw layerErrors.rebaseUnsupported(row.key, this.driverId);
    return parent.seq;
  }

  async remove(key: string): Promise<void> {
    const row = this.#rows.transaction(() => {
      const found = this.#ready(key);
      if (this.#rows.hasChildren(found.seq)) throw layerErrors.hasChild(key);
      if (this.#busy(found)) throw layerErrors.busy(key);
      this.#rows.removing(found.seq, this.#lease);
      return found;
    });
    await this.#discard(row.seq);
  }

  async discard(key: string): Promise<void> {
    if (this.#rows.holder(key)?.state === 'ready') await this.remove(key);
    for (const row of this.#rows.unfinished(key)) await this.#takeOver(row);
  }

  async stat(key: string): Promise<LayerInfo> {
    return this.#rows.info(this.#ready(key));
  }

  async update(
    info: { readonly name: string; readonly labels?: LayerLabels },
    ...fieldPaths: readonly string[]
  ): Promise<LayerInfo> {
    return this.#rows.transaction(() => {
      const row = this.#ready(info.name);
      const before = JSON.parse(row.labels) as LayerLabels;
      this.#rows.setLabels(row.seq, changeLabels(before, info.labels ?? {}, fieldPaths));
      return this.#rows.info(this.#rows.bySeq(row.seq)!);
    });
  }

  async usage(key: string, signal?: AbortSignal): Promise<LayerUsage> {
    const row = this.#ready(key);
    if (row.kind === 'committed' && row.bytes !== null && row.inodes !== null)
      return { bytes: row.bytes, inodes: row.inodes };
    if (row.kind === 'view') return { bytes: 0, inodes: 0 };
    return this.driver.usage(this.#rows.layer(row), signal);
  }

  async *walk(...filters: readonly LayerFilter[]): AsyncIterable<LayerInfo> {
    let after = 0;
    for (let rows = this.#rows.page(after, PAGE); rows.length > 0; rows = this.#rows.page(after, PAGE)) {
      after = rows.at(-1)!.seq;
      for (const row of rows) {
        const info = this.#rows.info(row);
        if (matches(info, filters)) yield info;
      }
    }
  }

  import(): LayerImport {
    return new StackImport({
      rows: this.#rows,
      driver: this.driver,
      driverId: this.driverId,
      lease: this.#lease,
      recover: (key) => this.#recover(key),
      discard: (seqs) => abandonLayers({ driver: this.driver, rows: this.#rows }, seqs),
    });
  }

  async reclaim(): Promise<void> {
    for (const row of this.#rows.unready()) await this.#takeOver(row);
    await this.driver.cleanup();
    this.#removed = false;
  }

  async close(): Promise<void> {
    if (this.#removed) await this.driver.cleanup();
    this.#removed = false;
  }

  async #create(
    kind: Exclude<LayerKind, 'committed'>,
    key: string,
    parentName: string | undefined,
    labels: LayerLabels,
  ): Promise<readonly Mount[]> {
    if (key === '') throw layerErrors.emptyName();
    await this.#recover(key);
    const row = this.#rows.transaction(() => {
      if (this.#rows.holder(key) !== undefined) throw layerErrors.exists(key);
      const parent = parentName ? this.#parent(parentName) : null;
      const seq = this.#rows.insert({ key, kind, parent, labels, lease: this.#lease });
      return { seq, parent, kind };
    });
    try {
      const layer = this.#rows.layer(row);
      this.#checkDepth(layer.parents.length + 1);
      // A view has no directory of its own unless it looks at nothing.
      if (kind === 'active' || row.parent === null) await this.driver.create(layer);
      const mounts = await this.#mounts(row);
      this.#rows.ready(row.seq);
      return mounts;
    } catch (error) {
      this.#rows.removing(row.seq, this.#lease);
      await this.#discard(row.seq);
      throw error;
    }
  }

  #parent(name: string): number {
    const row = this.#rows.holder(name);
    if (row === undefined || row.state !== 'ready') throw layerErrors.parentMissing(name);
    if (row.kind !== 'committed') throw layerErrors.parentNotCommitted(name);
    return row.seq;
  }

  #checkDepth(depth: number): void {
    const { maxDepth } = this.driver.capabilities;
    if (depth > maxDepth) throw layerErrors.tooDeep(this.driverId, depth, maxDepth);
  }

  #mounts(row: Pick<LayerRow, 'seq' | 'parent' | 'kind'>): Promise<readonly Mount[]> {
    if (row.kind === 'active') return this.driver.mounts(this.#rows.layer(row), 'rw');
    const below = row.parent === null ? undefined : this.#rows.bySeq(row.parent);
    return this.driver.mounts(this.#rows.layer(below ?? row), 'ro');
  }

  #ready(key: string): LayerRow {
    const row = this.#rows.holder(key);
    if (row === undefined || row.state !== 'ready') throw layerErrors.notFound(key);
    return row;
  }

  #busy(row: LayerRow): boolean {
    return isLeaseAlive(this.#processes, row.lease);
  }

  /** A half-made row of a dead process must not hold its key. */
  async #recover(key: string): Promise<void> {
    const row = this.#rows.holder(key);
    if (row !== undefined && row.state === 'creating') await this.#takeOver(row);
  }

  async #takeOver(row: LayerRow): Promise<void> {
    // On a driver that unpacks in order, what the dead process stacked on top goes first.
    for (const child of this.#rows.unreadyChildren(row.seq)) await this.#takeOver(child);
    const taken = this.#rows.transaction(() => {
      const now = this.#rows.bySeq(row.seq);
      if (now === undefined || now.state === 'ready' || this.#busy(now)) return false;
      if (this.#rows.hasChildren(now.seq)) return false;
      this.#rows.removing(now.seq, this.#lease);
      return true;
    });
    if (taken) await this.#discard(row.seq);
  }

  async #discard(seq: number): Promise<void> {
    this.#removed = true;
    try {
      await this.driver.remove(layerId(seq));
    } catch (error) {
      this.#rows.giveUp(seq);
      throw error;
    }
    this.#rows.forget(seq);
  }
}
