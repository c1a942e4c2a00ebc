import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { writeLarge, writeTree } from '../stage/content.ts';
import { WIDE_TREE, wideTree } from './fixtures.ts';
import { perSecond, timed, WARM, type Workload } from './workload.ts';

export const smallFiles: Workload = {
  id: 'small-files',
  title: 'Create many small files',
  tells: 'What unpacking a source tree or `npm install` inside a container costs: 2,000 new files of 4 KiB.',
  metrics: [perSecond('create', 'files created')],
  cache: WARM,
  needsImage: false,
  async open(subject) {
    const parents = await wideTree(subject);
    return {
      run: () =>
        subject.withLayer(parents, async (directory) => {
          const took = await timed(() => writeTree(directory, { ...WIDE_TREE, prefix: 'new' }));
          return { create: WIDE_TREE.files / took };
        }),
    };
  },
};

const MIB = 128;

export const largeFileWrite: Workload = {
  id: 'large-file',
  title: 'Write one large file',
  tells: 'The rate a database dump or a build artefact is written at: 128 MiB and an fsync.',
  metrics: [{ id: 'rate', title: 'written', unit: 'B/s', better: 'higher' }],
  cache: 'the file is new; fsync waits for the backing',
  needsImage: false,
  async open(subject) {
    const parents = await wideTree(subject);
    return {
      run: () =>
        subject.withLayer(parents, async (directory) => {
          const file = join(directory, 'new');
          const took = await timed(() => {
            writeLarge(file, MIB);
            const opened = openSync(file, 'r+');
            fsyncSync(opened);
            closeSync(opened);
          });
          return { rate: (MIB * 2 ** 20) / took };
        }),
    };
  },
};
