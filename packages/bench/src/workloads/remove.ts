import { writeTree } from '../stage/content.ts';
import { WIDE_TREE, wideTree } from './fixtures.ts';
import { seconds, timed, WARM, type Workload } from './workload.ts';

export const remove: Workload = {
  id: 'remove',
  title: 'Remove a used layer',
  tells:
    '`strata rm` of a container that wrote 2,000 files: until the name is free, and until the space is; btrfs would free it within half a minute, and is asked to do so at once.',
  metrics: [seconds('returns', 'until it returns'), seconds('reclaimed', 'until the space is back')],
  cache: WARM,
  needsImage: false,
  async open(subject) {
    const { layers, driver } = subject;
    const parents = await wideTree(subject);
    const cannot = subject.knowsFreed
      ? undefined
      : new Map([['reclaimed', 'btrfs frees in the background, and here others may work on it, too']]);
    return {
      ...(cannot === undefined ? {} : { cannot }),
      async run() {
        const layer = await layers.active(parents);
        const empty = await subject.taken();
        await layers.mounted(layer, (directory) => writeTree(directory, { ...WIDE_TREE, prefix: 'new' }));
        const full = await subject.taken();
        await subject.sync();
        const returns = await timed(() => driver.remove(layer.id));
        const cleanup = await timed(async () => {
          await driver.cleanup();
          // Metadata may stay a little larger.
          if (empty !== undefined && full !== undefined)
            await subject.freed(empty.bytes + (full.bytes - empty.bytes) / 4);
        });
        await layers.remove(layer);
        return { returns, ...(cannot === undefined ? { reclaimed: returns + cleanup } : {}) };
      },
    };
  },
};
