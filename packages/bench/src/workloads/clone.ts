import { hasClone, type Layer } from '@strata/core';
import { writeTree } from '../stage/content.ts';
import type { Subject } from '../stage/subject.ts';
import { WIDE_TREE, wideTree } from './fixtures.ts';
import { seconds, timed, WARM, type Workload } from './workload.ts';

export const clone: Workload = {
  id: 'clone',
  title: 'Clone a layer in use',
  tells:
    'A second container with the present content of a first that wrote 2,000 files: a snapshot where the driver has one, else a copy with cp.',
  metrics: [seconds('clone', 'ready to write')],
  cache: WARM,
  needsImage: false,
  async open(subject) {
    const { layers } = subject;
    const source = await layers.active(await wideTree(subject));
    await layers.mounted(source, (directory) => writeTree(directory, { ...WIDE_TREE, prefix: 'new' }));
    return {
      async run() {
        const target = layers.plan(source.parents);
        const took = await timed(() => copy(subject, source, target));
        await layers.remove(target);
        return { clone: took };
      },
      close: () => layers.remove(source),
    };
  },
};

async function copy({ layers, driver, host }: Subject, source: Layer, target: Layer): Promise<void> {
  if (hasClone(driver)) {
    layers.adopt(target);
    await driver.clone(source, target);
    return;
  }
  await layers.create(target);
  await layers.mounted(source, (from) =>
    layers.mounted(target, async (to) => {
      await host.exec.run('cp', ['-a', '--reflink=auto', '--', `${from}/.`, to], { timeout: 0 });
    }),
  );
}
