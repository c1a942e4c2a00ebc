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
  /** Remove layer and row. */
  readonly discard: (seq: number) => Promise<void>;
}

/** Rows stay `creating` under our lease until `finish`, so a crash at any point leaves only what the next user of the key removes. */
export class StackImport implements LayerImport {
  readonly #parts: StackImportParts;
  /** Added and not finished: physical id → row. */
  readonly #open = new Map<string, number>();

  constructor(parts: StackImportParts) {
    this.#parts = parts;
  }

  async add(name: string, parents: readonly string[]): Promise<ImportedLayer> {
    const { rows, driver, driverId, lease, recover } = this.#parts;
    const depth = parents.length + 1;
    if (depth > driver.capabilities.maxDepth)
      throw layerErrors.tooDeep(driverId, depth, driver.capabilities.maxDepth);
    await recover(name);
    const seq = rows.transaction(() => {
      if (rows.holder(name) !== undefined) throw layerErrors.exists(name);
      return rows.insert({ key: name, kind: 'committed', parent: seqOf(parents[0]), labels: {}, lease });
    });
    const layer: Layer = { id: layerId(seq), parents };
    this.#open.set(layer.id, seq);
    await driver.create(layer);
    return { name, layer };
  }

  seal(imported: ImportedLayer, parents: readonly string[]): Promise<void> {
    return this.#parts.driver.seal({ id: imported.layer.id, parents });
  }

  async finish(
    layers: readonly { readonly imported: ImportedLayer; readonly usage: LayerUsage | undefined }[],
    options: { readonly base: string | undefined; readonly durable: boolean },
  ): Promise<void> {
    const { rows, driver } = this.#parts;
    const usages: LayerUsage[] = [];
    for (const { imported, usage } of layers) usages.push(usage ?? (await driver.usage(imported.layer)));
    if (options.durable) await driver.flush();
    rows.transaction(() => {
      let parent = options.base === undefined ? null : (rows.holder(options.base)?.seq ?? null);
      if (options.base !== undefined && parent === null) throw layerErrors.parentMissing(options.base);
      for (const [index, { imported }] of layers.entries()) {
        const seq = this.#open.get(imported.layer.id)!;
        rows.publish(seq, { name: imported.name, parent, labels: {}, usage: usages[index]! });
        parent = seq;
      }
    });
    for (const { imported } of layers) this.#open.delete(imported.layer.id);
  }

  async abandon(): Promise<void> {
    // Children first.
    for (const [id, seq] of [...this.#open].reverse()) {
      this.#parts.rows.removing(seq, this.#parts.lease);
      await this.#parts.discard(seq);
      this.#open.delete(id);
    }
  }
}

function seqOf(id: string | undefined): number | null {
  return id === undefined ? null : Number.parseInt(id, 36);
}
