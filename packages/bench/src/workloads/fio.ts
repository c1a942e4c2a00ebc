import { join } from 'node:path';
import { StrataError } from '@strata/core';
import type { Subject } from '../stage/subject.ts';
import { LARGE, LARGE_MIB, largeFile } from './fixtures.ts';
import { perSecond, WARM, type Workload } from './workload.ts';

const SECONDS = 2;

const ENGINES = [
  { id: 'mmap', title: 'mmap, random writes of 4 KiB', ioengine: 'mmap', extra: [] },
  {
    id: 'random',
    title: 'random writes of 4 KiB, synced each 32',
    ioengine: 'psync',
    extra: ['--fdatasync=32'],
  },
] as const;

export const fio: Workload = {
  id: 'fio',
  title: 'Random writes into a file of the image',
  tells:
    'What a database on the container’s own root can do: 4 KiB writes all over a file of 64 MiB, by fio.',
  metrics: ENGINES.map(({ id, title }) => perSecond(id, title)),
  cache: WARM,
  needsImage: false,
  async open(subject) {
    if ((await subject.host.exec.find('fio')) === undefined)
      return { skip: 'fio is not installed; apt-get install fio' };
    const parents = await largeFile(subject);
    return {
      run: () =>
        subject.withLayer(parents, async (directory) => {
          const measures: Record<string, number> = {};
          for (const engine of ENGINES) measures[engine.id] = await runFio(subject, directory, engine);
          return measures;
        }),
    };
  },
};

async function runFio(
  { host }: Subject,
  directory: string,
  { ioengine, extra }: (typeof ENGINES)[number],
): Promise<number> {
  const { stdout } = await host.exec.run(
    'fio',
    [
      '--name=strata',
      `--filename=${join(directory, LARGE)}`,
      `--size=${LARGE_MIB}m`,
      '--rw=randwrite',
      '--bs=4k',
      `--ioengine=${ioengine}`,
      ...extra,
      '--randseed=1',
      '--time_based',
      `--runtime=${SECONDS}`,
      '--output-format=json',
    ],
    { timeout: 120_000 },
  );
  const iops = writeRate(stdout);
  if (iops === undefined)
    throw new StrataError('internal', 'BENCH_FIO', 'fio printed something that is not its JSON');
  return iops;
}

/** Writes per second in fio's JSON, after any notes it prints before. */
export function writeRate(output: string): number | undefined {
  try {
    const report = JSON.parse(output.slice(output.indexOf('{'))) as {
      jobs?: { write?: { iops?: unknown } }[];
    };
    const iops = report.jobs?.[0]?.write?.iops;
    return typeof iops === 'number' && iops > 0 ? iops : undefined;
  } catch {
    return undefined;
  }
}
