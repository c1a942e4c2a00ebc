import type { Database, Host } from '@strata/core';
import { type Selection, selectLayerDriver } from '../drivers/select-driver.ts';
import type { LayerStore, LayerStores } from '../services.ts';
import { formatLease } from '../state/lease.ts';
import { SqliteLayerStore } from './layer-store.ts';

/** One {@link LayerStore} per driver and owner that a process uses, opened when it does. */
export class OpenLayerStores implements LayerStores {
  readonly #database: Database;
  readonly #host: Host;
  readonly #selection: Selection;
  readonly #stores = new Map<string, Promise<LayerStore>>();

  constructor(database: Database, host: Host, selection: Selection) {
    this.#database = database;
    this.#host = host;
    this.#selection = selection;
  }

  open(driverId: string, owner = ''): Promise<LayerStore> {
    const name = `${driverId}/${owner}`;
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    const opened = this.#open(driverId, owner);
    this.#stores.set(name, opened);
    opened.catch(() => this.#stores.delete(name));
    return opened;
  }

  select(driverId?: string): Promise<string> {
    return selectLayerDriver(this.#selection, driverId);
  }

  inUse(): readonly string[] {
    return this.#database
      .all<{ driver: string }>('SELECT DISTINCT driver FROM layers ORDER BY driver')
      .map((row) => row.driver);
  }

  close(): Promise<void> {
    return this.reclaimRemoved();
  }

  async reclaimRemoved(): Promise<void> {
    for (const store of this.#stores.values()) {
      await store.then(
        (opened) => opened.close(),
        () => undefined,
      );
    }
  }

  async #open(driverId: string, owner: string): Promise<LayerStore> {
    return new SqliteLayerStore({
      driverId,
      owner,
      driver: await this.#selection.registry.get('layer', driverId),
      database: this.#database,
      processes: this.#host.processes,
      lease: formatLease(this.#host.processes.self),
    });
  }
}
