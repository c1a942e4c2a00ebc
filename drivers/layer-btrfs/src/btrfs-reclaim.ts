/**
 * Deleting subvolumes together with what containers nested inside them.
 *
 * Any user in a container can make subvolumes, read-only ones too, under any name. A subvolume that holds another
 * cannot be deleted (ENOTEMPTY), so that is how they are noticed: the usual case is one command for many layers and
 * no search. Then the tree is walked for directories with inode 256, the mark of a subvolume's root, rather than
 * read from `btrfs subvolume list`: its lines carry names, in which a newline can forge the id of somebody else's.
 *
 * The order is outside in: a nested subvolume is moved out beside its parent, which then can go, and it is
 * reclaimed in turn. So depth costs no recursion, and a crash at any point leaves only more names to reclaim.
 */
import type { Files, LayerDirectory, Log, Tree } from '@strata/core';
import type { BtrfsCommand } from './btrfs-command.ts';

const SUBVOLUME_ROOT = 256n;
/** Longer paths are shortened by moving the directory up; a container may nest deeper than PATH_MAX. */
const LONG = 2000;

export interface Reclaiming {
  readonly layers: LayerDirectory;
  readonly files: Files;
  readonly command: BtrfsCommand;
  readonly log: Log;
}

/**
 * Delete the named entries of the root directory, subvolumes or not. What cannot be deleted stays, with a warning. Another
 * process may be at the same names; what it takes away first is fine.
 */
export async function reclaim(context: Reclaiming, names: readonly string[]): Promise<void> {
  const { layers, files, command } = context;
  for (let pending = names; pending.length > 0; ) {
    const subvolumes = pending.filter((name) => isSubvolume(context, name));
    await command.delete(subvolumes.map((name) => `${layers.path}/${name}`));
    for (const name of pending) {
      if (subvolumes.includes(name)) continue;
      await files.removeTree(`${layers.path}/${name}`).catch((error: unknown) => stays(context, name, error));
    }
    const next: string[] = [];
    for (const name of subvolumes.filter((each) => isSubvolume(context, each))) {
      const lifted: string[] = [];
      const error: unknown = await liftNested(context, name, lifted).catch((caught: unknown) => caught);
      if (lifted.length > 0) next.push(...lifted, name);
      else stays(context, name, error);
    }
    pending = next;
  }
}

function stays(context: Reclaiming, name: string, error: unknown): void {
  if (!isSubvolume(context, name)) return;
  const path = `${context.layers.path}/${name}`;
  const raced = /ENOENT|no such file/i.test(String(error));
  context.log[raced ? 'debug' : 'warn']('a removed subvolume stays for the next cleanup', { path, error });
}

/** Move every subvolume found in this one (not deeper) up to the root directory, noting their new names as it goes. */
async function liftNested({ layers, command }: Reclaiming, name: string, lifted: string[]): Promise<void> {
  await command.setReadOnly(`${layers.path}/${name}`, false);
  await command.qgroups.lift(`${layers.path}/${name}`);
  using tree = layers.open();
  for (const nested of findNested(tree, name)) {
    const target = layers.trashName('nested');
    await command.setReadOnly(`${layers.path}/${nested}`, false); // a read-only one cannot get a new parent directory
    tree.rename(Buffer.from(nested), Buffer.from(target));
    lifted.push(target);
  }
}

function findNested(tree: Tree, top: string): string[] {
  const found: string[] = [];
  const directories = [top];
  for (let path = directories.pop(); path !== undefined; path = directories.pop()) {
    for (const entry of tree.readdir(Buffer.from(path))) {
      if (entry.type !== 'directory') continue;
      const child = plainPath(tree, { top, path, name: entry.name });
      const isNested = tree.lstat(Buffer.from(child))?.inode === SUBVOLUME_ROOT;
      (isNested ? found : directories).push(child);
    }
  }
  return found;
}

/** The path of a directory as a command's argument can carry it, renaming it if need be: it is to be deleted anyway. */
function plainPath(tree: Tree, at: { top: string; path: string; name: Buffer }): string {
  const path = `${at.path}/${at.name.toString('latin1')}`;
  if (/^[\x20-\x7e]*$/.test(path) && path.length < LONG) return path;
  const parent = path.length < LONG ? at.path : at.top;
  const plain = `${parent}/${crypto.randomUUID()}`;
  tree.rename(Buffer.concat([Buffer.from(`${at.path}/`), at.name]), Buffer.from(plain));
  return plain;
}

function isSubvolume({ layers }: Reclaiming, name: string): boolean {
  using tree = layers.open();
  return tree.lstat(Buffer.from(name))?.inode === SUBVOLUME_ROOT;
}
