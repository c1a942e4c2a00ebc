import type { Layer, LayerDriver, LayerUsage } from '@strata/core';
import type { ImportedLayer, LayerImport } from '../services.ts';
import { layerErrors } from './layer-errors.ts';
import { type LayerRows, layerId } from './layer-rows.ts';

export interface StackImportParts {
  readonly rows: LayerRows;
  readonly driver: LayerDriver;
  readonly driverId: string;
  readonly lease: string;
  /** Take the key from a dead process. */
  readonly recover: (key: string) => Promise<void>;
  /** Remove layers and rows, children first. */
  readonly discard: (seqs: readonly number[]) => Promise<void>;
}

/** Rows stay `creating` under our lease until `finish`, so a crash at any point leaves only what the next user of the key removes. */
export class StackImport implements LayerImport {
  readonly #parts: StackImportParts;
  #seqs: readonly number[] = [];
  #reserved: readonly ImportedLayer[] = [];

  constructor(parts: StackImportParts) {
    this.#parts = parts;
  }

  async reserve(names: readonly string[], base?: string): Promise<readonly ImportedLayer[]> {
    const { rows, lease, recover } = this.#parts;
    for (const name of names) await recover(name);
    this.#seqs = rows.transaction(() => {
      let parent = base === undefined ? null : this.#committed(base);
      const below = parent === null ? 0 : rows.chain(parent).length;
      this.#checkDepth(below + names.length);
      return names.map((key) => {
        if (rows.holder(key) !== undefined) throw layerErrors.exists(key);
        parent = rows.insert({ key, kind: 'committed', parent, labels: {}, lease });
        return parent;
      });
    });
    this.#reserved = this.#seqs.map((seq, index) => {
      const [id = layerId(seq), ...parents] = rows.chain(seq);
      return { name: names[index]!, layer: { id, parents } };
    });
    return this.#reserved;
  }

  async create({ layer }: ImportedLayer, options: { readonly alone: boolean }): Promise<Layer> {
    const made = options.alone ? { id: layer.id, parents: [] } : layer;
    await this.#parts.driver.create(made);
    return made;
  }

  seal({ layer }: ImportedLayer): Promise<void> {
    return this.#parts.driver.seal(layer);
  }

  async finish(
    usages: readonly LayerUsage[],
    options: { readonly durable: boolean; readonly also?: () => void },
  ): Promise<void> {
    const { rows, driver } = this.#parts;
    if (options.durable) await driver.flush();
    rows.transaction(() => {
      for (const [index, seq] of this.#seqs.entries()) {
        const row = rows.bySeq(seq);
        if (row === undefined) throw layerErrors.notFound(this.#reserved[index]!.name);
        rows.publish(seq, { name: row.key, parent: row.parent, labels: {}, usage: usages[index]! });
      }
      options.also?.();
    });
    this.#seqs = [];
  }

  async abandon(): Promise<void> {
    await this.#parts.discard(this.#seqs.toReversed());
    this.#seqs = [];
  }

  #committed(name: string): number {
    const row = this.#parts.rows.holder(name);
    if (row === undefined || row.state !== 'ready') throw layerErrors.parentMissing(name);
    if (row.kind !== 'committed') throw layerErrors.parentNotCommitted(name);
    return row.seq;
  }

  #checkDepth(depth: number): void {
    const { driver, driverId } = this.#parts;
    const { maxDepth } = driver.capabilities;
    if (depth > maxDepth) throw layerErrors.tooDeep(driverId, depth, maxDepth);
  }
}
