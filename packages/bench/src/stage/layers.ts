import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layer, LayerDriver, Mounter } from '@strata/core';

/** Layers of one driver during a bench, without an engine: ids, mountpoints, and who must be removed. */
export class Layers {
  readonly driver: LayerDriver;
  readonly #mounter: Mounter;
  readonly #mountpoints: string;
  readonly #live: string[] = [];
  #count = 0;

  constructor(driver: LayerDriver, mounter: Mounter, mountpoints: string) {
    this.driver = driver;
    this.#mounter = mounter;
    this.#mountpoints = mountpoints;
  }

  /** A fresh id with these parents; nothing is made. */
  plan(parents: readonly string[] = []): Layer {
    this.#count += 1;
    return { id: `b${this.#count.toString(36)}`, parents };
  }

  /** Have it removed at the end; somebody else makes it. */
  adopt({ id }: Layer): void {
    this.#live.push(id);
  }

  async create(layer: Layer): Promise<Layer> {
    this.adopt(layer);
    await this.driver.create(layer);
    return layer;
  }

  active(parents: readonly string[] = []): Promise<Layer> {
    return this.create(this.plan(parents));
  }

  /** A committed layer; `fill` writes its content into the directory it unpacks to. */
  async committed(parents: readonly string[], fill: (directory: string) => unknown): Promise<Layer> {
    const layer = await this.active(parents);
    try {
      const { path } = await this.driver.unpackTarget(layer);
      await fill(path);
      await this.driver.seal(layer);
      return layer;
    } catch (error) {
      // Others may need its room.
      await this.remove(layer);
      throw error;
    }
  }

  /** Mount somewhere of its own; `unmount` with the directory. */
  async mount(layer: Layer, access: 'rw' | 'ro' = 'rw'): Promise<string> {
    this.#count += 1;
    const directory = join(this.#mountpoints, `m${this.#count}`);
    await mkdir(directory);
    await this.#mounter.mount(await this.driver.mounts(layer, access), directory);
    return directory;
  }

  async unmount(directory: string): Promise<void> {
    await this.#mounter.unmount(directory);
    await rmdir(directory);
  }

  async mounted<T>(layer: Layer, use: (directory: string) => T | Promise<T>): Promise<T> {
    const directory = await this.mount(layer);
    try {
      return await use(directory);
    } finally {
      await this.unmount(directory);
    }
  }

  /** An active layer, mounted for as long as `use` takes, then removed. */
  async scratch<T>(parents: readonly string[], use: (directory: string) => T | Promise<T>): Promise<T> {
    const layer = await this.active(parents);
    try {
      return await this.mounted(layer, use);
    } finally {
      await this.remove(layer);
    }
  }

  async remove(...layers: readonly Layer[]): Promise<void> {
    for (const { id } of layers) {
      await this.driver.remove(id);
      const at = this.#live.indexOf(id);
      if (at >= 0) this.#live.splice(at, 1);
    }
    await this.driver.cleanup();
  }

  /** Everything made here and not removed yet, children first. */
  async removeAll(): Promise<void> {
    for (const id of this.#live.splice(0).reverse()) await this.driver.remove(id);
    await this.driver.cleanup();
  }
}
