import { join } from 'node:path';
import type { Layer, LayerUsage } from '@strata/core';
import { writeLarge, writeTree } from '../stage/content.ts';
import type { Subject } from '../stage/subject.ts';
import type { Workload } from './workload.ts';

const IMAGES = 4;
const CONTAINERS = 8;

export const diskSpace: Workload = {
  id: 'disk-space',
  title: 'Disk space of images and containers',
  tells:
    'What sharing saves: four images on one base of 32 MiB and 1,000 files, each with 4 MiB of its own, then eight containers that each wrote 1 MiB.',
  metrics: [
    { id: 'images', title: 'four images', unit: 'B', better: 'lower' },
    { id: 'containers', title: 'eight containers', unit: 'B', better: 'lower' },
    { id: 'images-inodes', title: 'inodes of four images', unit: 'inodes', better: 'lower' },
    { id: 'containers-inodes', title: 'inodes of eight containers', unit: 'inodes', better: 'lower' },
  ],
  cache: 'not part of it; counted by the filesystem itself after a sync, with --backing=DIR by the driver',
  needsImage: false,
  exact: true,
  async open(subject) {
    const cannot = new Map<string, string>();
    if ((await used(subject, [])).inodes === 0)
      for (const id of ['images-inodes', 'containers-inodes'])
        cannot.set(id, `${subject.info.filesystem ?? 'its filesystem'} does not count inodes`);
    return { cannot, run: () => measure(subject) };
  },
};

async function measure(subject: Subject): Promise<Record<string, number>> {
  const { layers } = subject;
  const made: Layer[] = [];
  try {
    return await fill(subject, made);
  } finally {
    await layers.remove(...made.toReversed());
  }
}

async function fill(subject: Subject, made: Layer[]): Promise<Record<string, number>> {
  const { layers } = subject;
  const empty = await used(subject, made);
  const base = await layers.committed([], (directory) => {
    writeTree(directory, { files: 1000, directories: 20, size: 2048 });
    writeLarge(join(directory, 'shared'), 30);
  });
  made.push(base);
  for (let n = 0; n < IMAGES; n++)
    made.push(await layers.committed([base.id], (directory) => writeLarge(join(directory, `own${n}`), 4)));
  const images = await used(subject, made);
  for (let n = 0; n < CONTAINERS; n++) {
    const layer = await layers.active([made[1]!.id, base.id]);
    made.push(layer);
    await layers.mounted(layer, (directory) => writeLarge(join(directory, 'written'), 1));
  }
  const containers = await used(subject, made);
  return {
    images: images.bytes - empty.bytes,
    containers: containers.bytes - images.bytes,
    ...(empty.inodes === 0
      ? {}
      : {
          'images-inodes': images.inodes - empty.inodes,
          'containers-inodes': containers.inodes - images.inodes,
        }),
  };
}

/** The filesystem's own account where it is ours alone, else the sum of what the driver says. */
async function used(subject: Subject, made: readonly Layer[]): Promise<LayerUsage> {
  const taken = await subject.taken();
  if (taken !== undefined) return taken;
  const usages = await Promise.all(made.map((layer) => subject.driver.usage(layer)));
  return {
    bytes: usages.reduce((sum, { bytes }) => sum + bytes, 0),
    // Never 0, which would say that they are not counted.
    inodes: usages.reduce((sum, { inodes }) => sum + inodes, 1),
  };
}
