import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { treePaths } from '../stage/content.ts';
import { DEEP_TREE, deepStack, parentsOf } from './fixtures.ts';
import { ALWAYS_WARM, seconds, timed, type Workload } from './workload.ts';

const DEPTHS = [1, 16, 64] as const;

export const readTree: Workload = {
  id: 'read-tree',
  title: 'Read a file tree through a stack',
  tells:
    'How a program start feels in a fresh container: 256 files of the lowest layer read through 1, 16 and 64 layers, first from the backing, then again from memory.',
  metrics: DEPTHS.flatMap((depth) => [
    seconds(`first-${depth}`, `first read, ${depth} layer${depth === 1 ? '' : 's'}`),
    seconds(`warm-${depth}`, `warm read, ${depth} layer${depth === 1 ? '' : 's'}`),
  ]),
  cache:
    'first read: cold, as the filesystem was mounted anew, or with --backing=DIR --cold as the caches of the machine were dropped; warm read: warm',
  needsImage: false,
  async open(subject, signal) {
    const { layers } = subject;
    const stack = await deepStack(subject, signal);
    const paths = treePaths(DEEP_TREE);
    const readAll = (directory: string) => {
      for (const path of paths) readFileSync(join(directory, path));
    };
    const cannot = new Map<string, string>();
    for (const depth of DEPTHS) {
      if (!subject.canForget) cannot.set(`first-${depth}`, ALWAYS_WARM);
      if (parentsOf(stack, depth) !== undefined) continue;
      for (const read of ['first', 'warm'])
        cannot.set(`${read}-${depth}`, `the driver stacks at most ${stack.length + 1} layers`);
    }
    return {
      cannot,
      async run() {
        const measures: Record<string, number> = {};
        for (const depth of DEPTHS) {
          const parents = parentsOf(stack, depth);
          if (parents === undefined) continue;
          const layer = await layers.active(parents);
          try {
            if (subject.canForget) await subject.forgetCaches();
            await layers.mounted(layer, async (directory) => {
              const first = await timed(() => readAll(directory));
              if (subject.canForget) measures[`first-${depth}`] = first;
              measures[`warm-${depth}`] = await timed(() => readAll(directory));
            });
          } finally {
            await layers.remove(layer);
          }
        }
        return measures;
      },
    };
  },
};
