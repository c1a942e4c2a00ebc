import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layer } from '@strata/core';
import type { Subject } from '../stage/subject.ts';
import { LARGE, largeFile } from './fixtures.ts';
import { ALWAYS_WARM, type Workload } from './workload.ts';

const CONTAINERS = 4;
const ATTEMPTS = 5;

export const pageCache: Workload = {
  id: 'page-cache',
  title: 'Memory for files that containers share',
  tells:
    'Page cache that four containers need to read the same 64 MiB of their image: once where the driver shares it, else once each.',
  metrics: [{ id: 'cached', title: 'page cache', unit: 'B', better: 'lower' }],
  cache: 'cold before the first container, then as they leave it; residence by mincore(2) through fincore',
  needsImage: false,
  exact: true,
  async open(subject) {
    if ((await subject.host.exec.find('fincore')) === undefined)
      return { skip: 'fincore is not installed; it is part of util-linux' };
    if (!subject.canForget) return { skip: ALWAYS_WARM };
    const parents = await largeFile(subject);
    return { run: async () => ({ cached: await measure(subject, parents) }) };
  },
};

/** What is not resident before a container reads it has to be cached anew for that container. */
async function measure(subject: Subject, parents: readonly string[]): Promise<number> {
  const { layers } = subject;
  const made: { layer: Layer; directory: string }[] = [];
  const planned: Layer[] = [];
  for (let n = 0; n < CONTAINERS; n++) planned.push(await layers.active(parents));
  await subject.forgetCaches();
  try {
    let cached = 0;
    for (const layer of planned) {
      const directory = await layers.mount(layer);
      made.push({ layer, directory });
      const file = join(directory, LARGE);
      const before = await resident(subject, file);
      cached += (await residentOnceRead(subject, file)) - before;
    }
    return cached;
  } finally {
    for (const { directory } of made) await layers.unmount(directory);
    await layers.remove(...planned);
  }
}

/** The kernel may take some pages back at any time, also while there is memory enough (sysctl vm.watermark_boost_factor). */
async function residentOnceRead(subject: Subject, file: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const size = readFileSync(file).length;
    const bytes = await resident(subject, file);
    if (bytes >= size || attempt === ATTEMPTS) return bytes;
  }
}

/** Bytes of a file in the page cache. */
async function resident({ host }: Subject, file: string): Promise<number> {
  const { stdout } = await host.exec.run('fincore', [
    '--bytes',
    '--noheadings',
    '--output',
    'RES',
    '--',
    file,
  ]);
  return Number(stdout.trim());
}
