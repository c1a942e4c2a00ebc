import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StrataError } from '@strata/core';
import type { ArchiveFormat } from '@strata/engine';
import type { CommandContext, Handler } from '../context.ts';
import { defined, some } from '../options/defined.ts';
import { OutputQueue } from '../terminal/output-queue.ts';
import { familiarName } from '../views/familiar-name.ts';
import { refuseTerminal } from './images.ts';

const FORMATS: readonly string[] = ['docker-archive', 'oci-archive', 'oci-dir'] satisfies ArchiveFormat[];

/** A path, or standard input when it is missing or `-`. */
function inputOf({ io }: CommandContext, path: string | undefined): string | number {
  if (path !== undefined && path !== '-') return path;
  if (!io.isTerminal(0)) return 0;
  throw new StrataError(
    'invalid-argument',
    'INPUT_IS_TERMINAL',
    'requested load from stdin, but stdin is a terminal',
    {
      hint: 'name a file, or redirect one into standard input',
    },
  );
}

export const save: Handler = async (context) => {
  const { flags, args } = context;
  const format = flags.string('format') ?? 'docker-archive';
  if (!FORMATS.includes(format))
    throw flags.invalid('format', format, `the formats are ${FORMATS.join(', ')}`);
  const output = flags.string('output');
  if (output === undefined) {
    if (format === 'oci-dir') throw flags.conflict('--format oci-dir needs a directory: --output DIRECTORY');
    refuseTerminal(context);
  }
  const { images } = await context.engine();
  await images.save(args, output ?? 1, { format: format as ArchiveFormat, signal: context.interrupt.signal });
  return {};
};

export const load: Handler = async (context) => {
  const { images } = await context.engine();
  const input = inputOf(context, context.flags.string('input'));
  const loaded = await images.load(input, { signal: context.interrupt.signal });
  const lines = loaded.map(({ name, id }) => {
    return name === undefined ? `Loaded image ID: ${id}` : `Loaded image: ${familiarName(name)}`;
  });
  return context.flags.bool('quiet') ? {} : { output: { kind: 'lines', lines } };
};

export const importTar: Handler = async (context) => {
  const { flags, args } = context;
  const { images } = await context.engine();
  if (/^https?:\/\//.test(args[0]!)) {
    throw new StrataError('invalid-argument', 'IMPORT_URL', 'importing from a URL is not supported', {
      hint: `curl -fsSL ${args[0]} | strata import - NAME`,
    });
  }
  const { id } = await images.importTar(inputOf(context, args[0]), {
    ...defined({
      reference: args[1],
      changes: some(flags.list('change')),
      message: flags.string('message'),
      platform: flags.string('platform'),
    }),
    signal: context.interrupt.signal,
  });
  return { output: { kind: 'lines', lines: [id] } };
};

export const initImage: Handler = async (context) => {
  const { flags, args } = context;
  const { images } = await context.engine();
  const { id } = await images.init(args[0]!, {
    ...defined({ reference: args[1], changes: some(flags.list('change')), message: flags.string('message') }),
    signal: context.interrupt.signal,
  });
  return { output: { kind: 'lines', lines: [id] } };
};

/** Chunks to standard output, with backpressure. */
export async function pour(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const queue = new OutputQueue();
  for await (const chunk of chunks) await queue.write(1, chunk);
  await queue.flush();
}

export const exportTar: Handler = async (context) => {
  const output = context.flags.string('output');
  if (output === undefined) refuseTerminal(context);
  const { containers } = await context.engine();
  const chunks = await containers.exportTar(context.args[0]!);
  if (output === undefined) await pour(chunks);
  else await pipeline(Readable.from(chunks), createWriteStream(output), { signal: context.interrupt.signal });
  return {};
};
