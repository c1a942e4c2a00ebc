import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StrataError } from '@strata/core';
import type { CreateRequest } from '@strata/engine';
import { exitProgram } from '../image/program.ts';
import type { Subject } from '../stage/subject.ts';
import { seconds, timed, WARM, type Workload } from './workload.ts';

const INSIDE = '/.strata-bench';

/** The image, unpacked, and how to run a program in it that does nothing. */
export async function emptyContainer(subject: Subject): Promise<CreateRequest> {
  const image = await subject.image();
  const { images } = await subject.engine();
  await images.unpack(image, { storage: subject.id });
  const program = join(subject.scratch, 'exit');
  await writeFile(program, exitProgram(), { mode: 0o755 });
  return {
    image,
    storage: subject.id,
    network: 'none',
    autoRemove: true,
    pull: 'never',
    user: '0',
    entrypoint: [INSIDE],
    command: [],
    workingDirectory: '/',
    log: { driver: 'none' },
    mounts: [{ type: 'bind', source: program, target: INSIDE, readOnly: true }],
  };
}

async function runOnce(subject: Subject, request: CreateRequest): Promise<void> {
  const { containers } = await subject.engine();
  await using session = await containers.run({ ...request, detach: true });
  const { code } = await session.wait();
  if (code !== 0)
    throw new StrataError('internal', 'BENCH_CONTAINER_FAILED', `The test program ended with status ${code}`);
}

export const start: Workload = {
  id: 'start',
  title: 'Start a container and wait for its end',
  tells:
    'The time around a program that does nothing: layer, mounts, namespaces, monitor, exit status and removal, without the start of a CLI.',
  metrics: [seconds('run', 'start to exit')],
  cache: WARM,
  needsImage: true,
  async open(subject) {
    const request = await emptyContainer(subject);
    return {
      run: async () => {
        await subject.clear();
        return { run: await timed(() => runOnce(subject, request)) };
      },
    };
  },
};

const TOGETHER = 8;

export const parallel: Workload = {
  id: 'parallel',
  title: 'Run containers in parallel',
  tells: 'Whether containers hinder each other: eight at once, until the last has ended and is removed.',
  metrics: [seconds('all', 'eight containers')],
  cache: WARM,
  needsImage: true,
  async open(subject) {
    const request = await emptyContainer(subject);
    return {
      async run() {
        await subject.clear();
        return { all: await timed(() => runTogether(subject, request)) };
      },
    };
  },
};

async function runTogether(subject: Subject, request: CreateRequest): Promise<void> {
  const ended = await Promise.allSettled(Array.from({ length: TOGETHER }, () => runOnce(subject, request)));
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
