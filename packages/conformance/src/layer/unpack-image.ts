/**
 * A small unpacker that treats a driver as the engine does: all layers at once and their parents told at `seal`
 * (`independentUnpack`), or bottom-up, each over its parents. Entries are those of an OCI layer, whiteouts included.
 */
import { chmodSync } from 'node:fs';
import type { Layer } from '@strata/core';
import { TreeEditor } from '../tree/tree-editor.ts';
import type { LayerContext } from './layer-context.ts';

export type Entry =
  | { readonly file: string; readonly content?: string }
  | { readonly dir: string; readonly mode?: number }
  /** `.wh.<name>`: the path is gone. */
  | { readonly whiteout: string }
  /** `.wh..wh..opq`: what lower layers have in this directory is gone. Comes before the directory's own entries. */
  | { readonly opaque: string }
  | { readonly change: (edit: TreeEditor) => void };

/** Unpack layers, bottom first, the way the driver's capabilities ask for. Resolves with their ids. */
export async function unpackImage(
  context: LayerContext,
  image: readonly (readonly Entry[])[],
): Promise<string[]> {
  const ids = image.map(() => context.newId());
  const layers = ids.map((id, n): Layer => ({ id, parents: ids.slice(0, n).reverse() }));
  for (const layer of layers) context.track(layer);
  if (context.driver.capabilities.independentUnpack) {
    await Promise.all(layers.map(({ id }, n) => unpackOne(context, { id, parents: [] }, image[n]!)));
    for (const layer of layers) await context.driver.seal(layer);
  } else {
    for (const [n, layer] of layers.entries()) {
      await unpackOne(context, layer, image[n]!);
      await context.driver.seal(layer);
    }
  }
  await context.driver.flush();
  return ids;
}

async function unpackOne(
  { driver, host }: LayerContext,
  layer: Layer,
  entries: readonly Entry[],
): Promise<void> {
  await driver.create(layer);
  const { path, whiteouts } = await driver.unpackTarget(layer);
  using tree = host.files.openTree(path);
  const edit = new TreeEditor(tree, path);
  for (const entry of entries) {
    if (whiteouts === 'overlay') record(edit, entry);
    else execute(edit, entry);
    await Promise.resolve(); // let the other layers in between
  }
}

function record(edit: TreeEditor, entry: Entry): void {
  if ('whiteout' in entry) {
    parents(edit, entry.whiteout);
    edit.node(entry.whiteout, 'char', 0, 0);
  } else if ('opaque' in entry) {
    if (!edit.exists(entry.opaque)) edit.dir(entry.opaque);
    edit.xattr(entry.opaque, 'trusted.overlay.opaque', 'y');
  } else add(edit, entry);
}

function execute(edit: TreeEditor, entry: Entry): void {
  if ('whiteout' in entry) edit.removeAll(entry.whiteout);
  else if ('opaque' in entry) {
    if (!edit.exists(entry.opaque)) edit.dir(entry.opaque);
    for (const name of edit.names(entry.opaque)) edit.removeAll(`${entry.opaque}/${name}`);
  } else add(edit, entry);
}

function add(edit: TreeEditor, entry: Exclude<Entry, { whiteout: string } | { opaque: string }>): void {
  if ('change' in entry) entry.change(edit);
  else if ('dir' in entry) {
    if (!edit.exists(entry.dir)) edit.dir(entry.dir);
    chmodSync(edit.at(entry.dir), entry.mode ?? 0o755);
  } else {
    parents(edit, entry.file);
    edit.removeAll(entry.file);
    edit.file(entry.file, entry.content ?? entry.file);
  }
}

function parents(edit: TreeEditor, path: string): void {
  const slash = path.lastIndexOf('/');
  if (slash > 0 && !edit.exists(path.slice(0, slash))) edit.dir(path.slice(0, slash));
}
