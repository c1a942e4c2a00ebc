/**
 * One driver on one empty root, with a layer store of a few lines: it knows parents, and nothing else. Everything a
 * case makes is removed by {@link LayerContext.close}, which then looks for leaks.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Host, Layer, LayerDriver } from '@strata/core';
import type { Change, LayerStack } from '../stack/layer-stack.ts';
import { TreeEditor } from '../tree/tree-editor.ts';
import { type PictureOptions, type TreePicture, takePicture } from '../tree/tree-picture.ts';
import { createDriver, type LayerSuiteTarget } from './layer-target.ts';

export class LayerContext implements LayerStack {
  readonly driver: LayerDriver;
  readonly host: Host;
  readonly root: string;
  readonly target: LayerSuiteTarget;
  readonly #layers = new Map<string, Layer>();
  readonly #entriesAtStart: readonly string[];

  constructor(target: LayerSuiteTarget, driver: LayerDriver, root: string) {
    this.target = target;
    this.host = target.host;
    this.driver = driver;
    this.root = root;
    this.#entriesAtStart = readdirSync(root);
  }

  get traits() {
    return this.driver.capabilities;
  }

  /** Another instance over the same root: what a second process has, or this one after a crash. */
  anotherDriver(host: Host = this.host): Promise<LayerDriver> {
    return createDriver(this.target, this.root, host);
  }

  /** The longest id the engine may give, so that limits show. */
  newId(): string {
    return Array.from(
      crypto.getRandomValues(new Uint8Array(16)),
      (byte) => 'abcdefghijklmnopqrstuvwxyz012345'[byte % 32],
    ).join('');
  }

  /** A layer description on a parent, known to the store so that it is removed at the end; nothing is made yet. */
  plan(parent?: string, id = this.newId()): Layer {
    const below = parent === undefined ? undefined : this.layer(parent);
    return this.track({ id, parents: below === undefined ? [] : [below.id, ...below.parents] });
  }

  track(layer: Layer): Layer {
    this.#layers.delete(layer.id);
    this.#layers.set(layer.id, layer);
    return layer;
  }

  layer(id: string): Layer {
    const layer = this.#layers.get(id);
    if (layer === undefined) throw new TypeError(`the case never made layer ${id}`);
    return layer;
  }

  async create(parent?: string): Promise<Layer> {
    const layer = this.plan(parent);
    await this.driver.create(layer);
    return layer;
  }

  async prepare(parent: string | undefined): Promise<string> {
    return (await this.create(parent)).id;
  }

  async commit(parent: string | undefined, change?: Change): Promise<string> {
    const id = await this.prepare(parent);
    if (change) await this.edit(id, change);
    await this.driver.seal(this.layer(id));
    return id;
  }

  edit<T>(id: string, work: (edit: TreeEditor) => T | Promise<T>): Promise<T> {
    return this.#mounted(id, 'rw', work);
  }

  look<T>(id: string, work: (edit: TreeEditor) => T | Promise<T>): Promise<T> {
    return this.#mounted(id, 'ro', work);
  }

  picture(id: string, options?: PictureOptions): Promise<TreePicture> {
    return this.look(id, (edit) => takePicture(edit.tree, edit.directory, options));
  }

  async remove(id: string): Promise<void> {
    await this.driver.remove(id);
    this.#layers.delete(id);
  }

  async #mounted<T>(id: string, access: 'rw' | 'ro', work: (edit: TreeEditor) => T | Promise<T>): Promise<T> {
    const mounts = await this.driver.mounts(this.layer(id), access);
    assert.deepEqual(JSON.parse(JSON.stringify(mounts)), mounts, 'mounts must survive JSON');
    return this.host.mounter.withMounted(mounts, async (directory) => {
      using tree = this.host.files.openTree(directory);
      return await work(new TreeEditor(tree, directory)); // await: `using` closes the tree on return
    });
  }

  /** Remove every layer, children first, and look for what a driver must not leave: mounts, ids, entries of its root. */
  async close(): Promise<void> {
    for (const { id } of [...this.#layers.values()].reverse()) await this.driver.remove(id);
    await this.driver.cleanup();
    const mounts = (await this.host.mounter.list(this.root)).filter(({ target }) => target !== this.root);
    assert.deepEqual(mounts, [], 'leak probe: mounts are left below the root');
    assert.deepEqual(
      await this.driver.list(),
      [],
      'leak probe: list() still names layers after all were removed',
    );
    const left = readdirSync(this.root).filter((name) => !this.#entriesAtStart.includes(name));
    assert.deepEqual(left, [], 'leak probe: remove and cleanup left entries in the root');
  }
}
