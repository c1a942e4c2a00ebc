import { StrataError } from '@strata/core';
import type { CommandContext, Handler } from '../context.ts';
import { copyIn } from '../copy/copy-in.ts';
import { copyOut } from '../copy/copy-out.ts';
import { parseEndpoint } from '../copy/endpoints.ts';
import { humanSize } from '../format/units.ts';
import { pour } from './archives.ts';
import { refuseTerminal } from './images.ts';

function wrong(message: string): StrataError {
  return new StrataError('invalid-argument', 'COPY_ARGUMENTS', message, {
    hint: 'strata cp CONTAINER:PATH LOCAL, or strata cp LOCAL CONTAINER:PATH',
  });
}

function report({ flags, io }: CommandContext, bytes: number, target: string): void {
  if (!flags.bool('quiet') && io.isTerminal(2))
    io.err(`Successfully copied ${humanSize(bytes)} to ${target}\n`);
}

/** `strata cp`, both ways. */
export const cp: Handler = async (context) => {
  const [sourceText = '', targetText = ''] = context.args;
  const source = parseEndpoint(sourceText);
  const target = parseEndpoint(targetText);
  if (source.kind === 'container' && target.kind === 'container')
    throw wrong('copying between containers is not supported');
  if (source.kind === 'container') {
    if (target.kind === 'pipe') return toPipe(context, source);
    if (target.kind === 'local') report(context, await copyOut(context, source, target.path), targetText);
    return {};
  }
  if (target.kind !== 'container') throw wrong('must specify at least one container source');
  if (source.kind === 'pipe') return fromPipe(context, target);
  report(context, await copyIn(context, source.path, target), targetText);
  return {};
};

type InContainer = { readonly container: string; readonly path: string };

async function toPipe(context: CommandContext, source: InContainer): Promise<object> {
  refuseTerminal(context);
  const { containers } = await context.engine();
  const followLink = context.flags.bool('follow-link');
  const { tar } = await containers.copyOut(source.container, source.path, { followLink });
  await pour(tar);
  return {};
}

async function fromPipe(context: CommandContext, target: InContainer): Promise<object> {
  const { containers } = await context.engine();
  await containers.copyIn(target.container, target.path, process.stdin, {
    archive: context.flags.bool('archive'),
    noOverwriteDirWithFile: true,
  });
  return {};
}
