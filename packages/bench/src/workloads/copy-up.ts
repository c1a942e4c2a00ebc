import { chmodSync, chownSync, closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { treePaths } from '../stage/content.ts';
import { LARGE, LARGE_MIB, largeFile, WIDE_TREE, wideTree } from './fixtures.ts';
import { seconds, timed, WARM, type Workload } from './workload.ts';

export const copyUp: Workload = {
  id: 'copy-up',
  title: 'Change what the image brought',
  tells:
    'The first change to a file of the image: one byte of 64 MiB, and chmod or chown of a tree of 2,000 files; overlay copies whole files for it.',
  metrics: [
    seconds('byte', 'one byte of 64 MiB'),
    seconds('chmod', 'chmod of 2,000 files'),
    seconds('chown', 'chown of 2,000 files'),
  ],
  cache: WARM,
  needsImage: false,
  async open(subject) {
    const large = await largeFile(subject);
    const tree = await wideTree(subject);
    const paths = treePaths(WIDE_TREE);
    return {
      async run() {
        const byte = await subject.withLayer(large, (directory) =>
          timed(() => {
            const file = openSync(join(directory, LARGE), 'r+');
            writeSync(file, Buffer.from('x'), 0, 1, (LARGE_MIB / 2) * 2 ** 20);
            closeSync(file);
          }),
        );
        const chmod = await subject.withLayer(tree, (directory) =>
          timed(() => {
            for (const path of paths) chmodSync(join(directory, path), 0o600);
          }),
        );
        const chown = await subject.withLayer(tree, (directory) =>
          timed(() => {
            for (const path of paths) chownSync(join(directory, path), 1000, 1000);
          }),
        );
        return { byte, chmod, chown };
      },
    };
  },
};
