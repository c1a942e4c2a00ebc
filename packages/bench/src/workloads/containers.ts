import { randomBytes } from 'node:crypto';
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
    return { run: async () => ({ run: await timed(() => runOnce(subject, request)) }) };
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
      run: async () => ({
        all: await timed(async () => {
          const ended = await Promise.allSettled(
            Array.from({ length: TOGETHER }, () => runOnce(subject, request)),
          );
          const failed = ended.find((one) => one.status === 'rejected');
          if (failed !== undefined) throw failed.reason;
        }),
      }),
    };
  },
};

/** `--command`: the user's own work. */
export function ownCommand(command: string, network: string | undefined): Workload {
  return {
    id: 'command',
    title: 'Your command',
    tells: `\`${command}\` in a fresh container of the image, from start to exit.`,
    metrics: [seconds('run', 'start to exit')],
    cache: WARM,
    needsImage: true,
    async open(subject, signal) {
      const image = await subject.image();
      const { images } = await subject.engine();
      await images.unpack(image, { storage: subject.id });
      const request: CreateRequest = {
        image,
        storage: subject.id,
        pull: 'never',
        entrypoint: ['sh', '-c'],
        command: [command],
        name: `strata-bench-${randomBytes(4).toString('hex')}`,
        ...(network === undefined ? {} : { network }),
      };
      return { run: async () => ({ run: await runCommand(subject, request, signal) }) };
    },
  };
}

async function runCommand(subject: Subject, request: CreateRequest, signal: AbortSignal): Promise<number> {
  const { containers } = await subject.engine();
  const name = request.name!;
  const stop = (): void => void containers.kill(name, 'KILL').catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    let code = 0;
    const took = await timed(async () => {
      await using session = await containers.run({ ...request, detach: true });
      code = (await session.wait()).code;
    });
    if (code !== 0) throw await failure(subject, name, code);
    return took;
  } finally {
    signal.removeEventListener('abort', stop);
    await containers.remove(name, { force: true }).catch(() => undefined);
  }
}

async function failure(subject: Subject, name: string, code: number): Promise<StrataError> {
  const { containers } = await subject.engine();
  const tail: Buffer[] = [];
  for await (const { data } of containers.logs({ container: name, tail: 5 })) tail.push(data);
  const said = Buffer.concat(tail).toString().trim().slice(-500);
  return new StrataError(
    'failed-precondition',
    'BENCH_COMMAND_FAILED',
    `The command ended with status ${code}${said === '' ? '' : `: ${said}`}`,
  );
}
