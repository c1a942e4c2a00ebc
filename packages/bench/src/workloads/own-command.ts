import { randomBytes } from 'node:crypto';
import { isStrataError, StrataError } from '@strata/core';
import type { CreateRequest } from '@strata/engine';
import type { Subject } from '../stage/subject.ts';
import { seconds, timed, WARM, type Workload } from './workload.ts';

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
        network: network ?? (await makeNetwork(subject)),
      };
      return {
        run: async () => {
          await subject.quiet();
          return { run: await runCommand(subject, request, signal) };
        },
        close: () => removeNetwork(subject),
      };
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

const NETWORK = 'strata-bench';

/** One that can be removed again, unlike the default bridge. Without a bridge driver: none. */
async function makeNetwork(subject: Subject): Promise<string> {
  const { networks } = await subject.engine();
  try {
    return (await networks.create({ name: NETWORK })).name;
  } catch (error) {
    if (!isStrataError(error, 'unsupported') && !isStrataError(error, 'not-found')) throw error;
    return 'none';
  }
}

async function removeNetwork(subject: Subject): Promise<void> {
  const { networks } = await subject.engine();
  await networks.remove(NETWORK).catch((error: unknown) => {
    if (!isStrataError(error, 'not-found')) throw error;
  });
}
