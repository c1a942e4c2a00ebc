import { isStrataError, StrataError } from '@strata/core';
import type { Engine } from '@strata/engine';
import type { CommandContext, CommandResult, Handler } from '../context.ts';

type Look = (name: string) => Promise<unknown>;

/** Whatever has the name: a container first, as docker does. */
function lookups(
  { containers, images }: Engine,
  size: boolean,
): Readonly<Record<'container' | 'image', Look>> {
  return {
    container: (name) => containers.inspect(name, { size }),
    image: (name) => images.inspect(name),
  };
}

async function first(looks: readonly Look[], name: string): Promise<unknown> {
  for (const look of looks) {
    try {
      return await look(name);
    } catch (error) {
      if (!isStrataError(error, 'not-found') || looks.length === 1) throw error;
    }
  }
  throw new StrataError('not-found', 'OBJECT_NOT_FOUND', `No such object: ${name}`, {
    hint: 'strata ps -a lists containers, strata images lists images',
  });
}

async function inspectAll({ flags, args }: CommandContext, looks: readonly Look[]): Promise<CommandResult> {
  const results = await Promise.allSettled(args.map((name) => first(looks, name)));
  const values = results.filter((result) => result.status === 'fulfilled').map((result) => result.value);
  const failures = results
    .filter((result) => result.status === 'rejected')
    .map((result) => result.reason as unknown);
  return { output: { kind: 'objects', values, format: flags.string('format') }, failures };
}

export const inspect: Handler = async (context) => {
  const { flags } = context;
  const type = flags.string('type');
  const known = lookups(await context.engine(), flags.bool('size'));
  if (type === undefined || type === '') return inspectAll(context, [known.container, known.image]);
  if (type !== 'container' && type !== 'image')
    throw flags.invalid('type', type, 'the types are container and image');
  return inspectAll(context, [known[type]]);
};

export const inspectContainer: Handler = async (context) => {
  return inspectAll(context, [lookups(await context.engine(), context.flags.bool('size')).container]);
};

export const inspectImage: Handler = async (context) => {
  return inspectAll(context, [lookups(await context.engine(), false).image]);
};
