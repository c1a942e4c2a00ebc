/** Faults that show in deep stacks, side by side, in a crash or a power cut, and those of optional powers. */
import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setImmediate as pause } from 'node:timers/promises';
import { errnoOf, type Layer, StrataError } from '@strata/core';
import { type BrokenDriver, broken, copiedBy, withDriver } from './broken-drivers.ts';

/** Reads a list, thinks, writes it back: two at once lose one. */
async function note(root: string, change: (ids: Set<string>) => void): Promise<void> {
  const file = `${root}/.ids`;
  const ids = new Set(noted(root));
  change(ids);
  await pause();
  writeFileSync(file, [...ids].join('\n'));
}

function noted(root: string): string[] {
  try {
    return readFileSync(`${root}/.ids`, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

export const brokenAtScale: readonly BrokenDriver[] = [
  broken(
    'keeps its layers in a file without a lock',
    'strata/FiftyLayersAtOnce',
    withDriver((good, { root }) => ({
      async create(layer) {
        await good.create(layer);
        await note(root, (ids) => ids.add(layer.id));
      },
      list: async () => noted(root),
    })),
  ),
  broken(
    'takes half-made layers for rubbish in cleanup',
    'strata/CleanupBesideWork',
    withDriver((good, { root }) => ({
      async cleanup() {
        for (const id of await good.list())
          if (!readdirSync(`${root}/${id}`).includes('sealed')) await good.remove(id);
        await good.cleanup();
      },
    })),
  ),
  broken(
    'makes the tree anew in seal, in place',
    'strata/CrashInsideSeal',
    withDriver((good, { root, host }) => ({
      async seal(layer) {
        const [tree, aside] = [`${root}/${layer.id}/fs`, `${root}/${layer.id}/new`];
        renameSync(tree, aside);
        await host.files.copyTree(aside, tree).catch(async (error: unknown) => {
          rmSync(aside, { recursive: true });
          throw error;
        });
        rmSync(aside, { recursive: true });
        await good.seal(layer);
      },
    })),
  ),
  broken(
    'notes what it removes and forgets the note',
    'strata/CrashInsideRemoveAndCleanup',
    withDriver((good, { root, host }) => ({
      async remove(id) {
        const known = (await good.list()).includes(id);
        if (known) writeFileSync(`${root}/.removing-${id}`, '');
        await good.remove(id);
        if (known) await host.files.removeTree(`${root}/.removing-${id}`);
      },
    })),
  ),
  broken(
    'flushes nothing',
    'strata/FlushedLayersSurviveAPowerCut',
    withDriver(() => ({ flush: async () => undefined })),
  ),
  broken(
    'waits for files to be closed before it removes',
    'strata/RemoveWhileAFileIsOpen',
    withDriver((good, { root }) => ({
      async remove(id) {
        const open = readdirSync('/proc/self/fd').some((fd) => leadsBelow(fd, `${root}/${id}/`));
        if (open) throw new StrataError('unavailable', 'BUSY', `layer ${id} is busy`);
        await good.remove(id);
      },
    })),
  ),
  broken(
    'takes names for UTF-8',
    'strata/NamesAreBytes',
    copiedBy('sh', '-c', 'cp -a "$1" "$2" && find "$2" -depth -name "f*g" -exec rm -r {} +', 'sh'),
  ),
  ...['containerd/128LayersMount', 'graphtest/DeepLayerRead'].map((name) =>
    broken(
      'has a limit of a hundred layers that it does not declare',
      name,
      withDriver((good) => ({
        async create(layer) {
          if (layer.parents.length > 100) throw new StrataError('internal', 'DEEP', 'too many layers');
          await good.create(layer);
        },
      })),
    ),
  ),
  broken(
    'makes parents appear in other orders',
    'containerd/DeletedFilesInChildSnapshot',
    withDriver((good) => ({
      create: ({ id, parents }: Layer) => good.create({ id, parents: [...parents].reverse() }),
    })),
  ),
  broken(
    'names no changes',
    'graphtest/Changes (native)',
    withDriver((good) => ({
      capabilities: { ...good.capabilities, nativeChanges: true },
      changes: async () => ({ kind: 'candidates', paths: (async function* () {})() }),
    })),
  ),
  broken(
    'clones the parent instead of the layer',
    'graphtest/CreateFromTemplate (clone)',
    withDriver((good) => ({
      capabilities: { ...good.capabilities, clone: true },
      clone: (_: Layer, target: Layer) => good.create(target),
    })),
  ),
  broken(
    'limits nothing',
    'graphtest/SetQuota',
    withDriver((good) => ({
      capabilities: { ...good.capabilities, quota: true },
      setQuota: async () => undefined,
    })),
  ),
];

function leadsBelow(fd: string, directory: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
  } catch {
    return false;
  }
}
