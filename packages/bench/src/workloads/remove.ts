import { writeTree } from '../stage/content.ts';
import { WIDE_TREE, wideTree } from './fixtures.ts';
import { seconds, timed, WARM, type Workload } from './workload.ts';

export const remove: Workload = {
  id: 'remove',
  title: 'Remove a used layer',
  tells: '`strata rm` of a container that wrote 2,000 files: until the name is free, and until the space is.',
  metrics: [seconds('returns', 'until it returns'), seconds('reclaimed', 'until the space is back')],
  cache: WARM,
  needsImage: false,
  async open(subject) {
    const { layers, driver } = subject;
    const parents = await wideTree(subject);
    return {
      async run() {
        const layer = await layers.active(parents);
        await layers.mounted(layer, (directory) => writeTree(directory, { ...WIDE_TREE, prefix: 'new' }));
        await subject.sync();
        const returns = await timed(() => driver.remove(layer.id));
        const cleanup = await timed(() => driver.cleanup());
        await layers.remove(layer);
        return { returns, reclaimed: returns + cleanup };
      },
    };
  },
};
