import type { Layer } from '@strata/core';
import { deepStack, parentsOf } from './fixtures.ts';
import { clock, seconds, WARM, type Workload } from './workload.ts';

const DEPTHS = [1, 16, 64, 128] as const;
/** One is too short to be timed alone. */
const LAYERS = 4;

const metricId = (depth: number): string => `parents-${depth}`;

export const prepare: Workload = {
  id: 'prepare',
  title: 'Prepare a writable layer',
  tells:
    'What storage adds to every container start: make a layer on a stack of 1 to 128 parents and mount it.',
  metrics: DEPTHS.map((depth) => seconds(metricId(depth), `${depth} parent${depth === 1 ? '' : 's'}`)),
  cache: WARM,
  needsImage: false,
  async open(subject, signal) {
    const { layers } = subject;
    const stack = await deepStack(subject, signal);
    async function once(parents: readonly string[]): Promise<number> {
      const made: { layer: Layer; directory: string }[] = [];
      const elapsed = clock();
      try {
        for (let n = 0; n < LAYERS; n++) {
          const layer = await layers.active(parents);
          made.push({ layer, directory: await layers.mount(layer) });
        }
        return elapsed() / LAYERS;
      } finally {
        for (const { directory } of made) await layers.unmount(directory);
        await layers.remove(...made.map(({ layer }) => layer));
      }
    }
    const cannot = new Map(
      DEPTHS.filter((depth) => depth > stack.length).map((depth) => [
        metricId(depth),
        `the driver stacks at most ${stack.length + 1} layers`,
      ]),
    );
    return {
      cannot,
      async run() {
        const measures: Record<string, number> = {};
        for (const depth of DEPTHS) {
          const parents = parentsOf(stack, depth);
          if (parents !== undefined) measures[metricId(depth)] = await once(parents);
        }
        return measures;
      },
    };
  },
};
