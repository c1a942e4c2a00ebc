import { mkdirSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '@strata/core';
import { treePaths } from '../stage/content.ts';
import { WIDE_TREE, wideTree } from './fixtures.ts';
import { clock, perSecond, timed, WARM, type Workload } from './workload.ts';

const DIRECTORIES = 1000;
/** Once is over in a millisecond. */
const TIMES = 10;

export const storm: Workload = {
  id: 'storm',
  title: 'Rename, delete and mkdir storm',
  tells:
    'Package managers and builds at work on files of the image: rename 1,000, delete 1,000, rename 25 directories there and back ten times, make 1,000.',
  metrics: [
    perSecond('rename', 'files renamed'),
    perSecond('delete', 'files deleted'),
    perSecond('rename-directory', 'directories renamed'),
    perSecond('mkdir', 'directories made'),
  ],
  cache: WARM,
  needsImage: false,
  async open(subject) {
    const parents = await wideTree(subject);
    const paths = treePaths(WIDE_TREE);
    const half = paths.length / 2;
    const cannot = new Map<string, string>();
    return {
      cannot,
      run: () =>
        subject.withLayer(parents, async (directory) => {
          const at = (path: string) => join(directory, path);
          const rename = await timed(() => {
            for (const path of paths.slice(0, half)) renameSync(at(path), at(`${path}.new`));
          });
          const remove = await timed(() => {
            for (const path of paths.slice(half)) unlinkSync(at(path));
          });
          const mkdir = await timed(() => {
            for (let n = 0; n < DIRECTORIES; n++) mkdirSync(at(`made${n}`));
          });
          const moved = renameDirectories(at);
          if (moved === undefined)
            cannot.set('rename-directory', 'rename(2) of a directory says EXDEV, so programs copy it');
          return {
            rename: half / rename,
            delete: half / remove,
            mkdir: DIRECTORIES / mkdir,
            ...(moved === undefined ? {} : { 'rename-directory': moved }),
          };
        }),
    };
  },
};

/** Directories of the image per second; undefined where rename(2) says EXDEV and programs must copy. */
function renameDirectories(at: (path: string) => string): number | undefined {
  const count = WIDE_TREE.directories / 2;
  const elapsed = clock();
  try {
    for (let time = 0; time < TIMES; time++) {
      for (let n = 0; n < count; n++) renameSync(at(`d${n}`), at(`moved${n}`));
      for (let n = 0; n < count; n++) renameSync(at(`moved${n}`), at(`d${n}`));
    }
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') return undefined;
    throw error;
  }
  return (2 * TIMES * count) / elapsed();
}
