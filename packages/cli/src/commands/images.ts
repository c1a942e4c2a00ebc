import { StrataError } from '@strata/core';
import type { CommandContext, Handler } from '../context.ts';
import { humanSize } from '../format/units.ts';
import { defined, some } from '../options/defined.ts';
import { readPruneFilter } from '../options/prune.ts';
import type { ProgressVerb } from '../render/bar.ts';
import { createProgress, type Progress } from '../render/progress.ts';
import { familiarName } from '../views/familiar-name.ts';
import { historyRow, historyView } from '../views/image-view.ts';
import { confirm } from './confirm.ts';
import { eachRemoval } from './targets.ts';

function progressOf(
  { flags, io, settings }: CommandContext,
  verb: ProgressVerb,
  descriptor: 1 | 2 = 1,
): Progress {
  return createProgress(io, { verb, descriptor, quiet: flags.bool('quiet'), json: settings.json });
}

function storageOf({ flags, settings }: CommandContext): string | undefined {
  return flags.string('storage') ?? settings.storage;
}

export const pull: Handler = async (context) => {
  const { flags, args, settings } = context;
  const { images } = await context.engine();
  const storage = flags.bool('no-unpack') ? (false as const) : storageOf(context);
  const request = defined({
    storage,
    platform: flags.string('platform'),
    allTags: flags.bool('all-tags') || undefined,
  });
  const { signal } = context.interrupt;
  const result = await (async () => {
    using progress = progressOf(context, 'pull');
    return await images.pull({ reference: args[0]!, ...request, signal, onProgress: progress.listener });
  })();
  if (settings.json) return { output: { kind: 'objects', values: [result], format: 'json' } };
  if (flags.bool('quiet')) return { output: { kind: 'lines', lines: [result.name] } };
  const status = result.changed ? 'Downloaded newer image for' : 'Image is up to date for';
  return {
    output: {
      kind: 'lines',
      lines: [`Digest: ${result.digest}`, `Status: ${status} ${result.name}`, result.name],
    },
  };
};

export const push: Handler = async (context) => {
  const { images } = await context.engine();
  const reference = context.args[0]!;
  const { digest } = await (async () => {
    using progress = progressOf(context, 'push');
    return await images.push(reference, { signal: context.interrupt.signal, onProgress: progress.listener });
  })();
  return {
    output: {
      kind: 'lines',
      lines: [context.flags.bool('quiet') ? reference : `${reference}: digest: ${digest}`],
    },
  };
};

export const unpack: Handler = async (context) => {
  const { images } = await context.engine();
  using progress = progressOf(context, 'unpack');
  await images.unpack(context.args[0]!, {
    ...defined({ storage: storageOf(context) }),
    signal: context.interrupt.signal,
    onProgress: progress.listener,
  });
  return {};
};

export const rmi: Handler = async (context) => {
  const { images } = await context.engine();
  const options = { force: context.flags.bool('force'), noPrune: context.flags.bool('no-prune') };
  return eachRemoval(context.args, options.force, async (reference) => {
    return (await images.remove(reference, options)).map(removedLine);
  });
};

function removedLine(removed: { readonly untagged?: string; readonly deleted?: string }): string {
  const { untagged, deleted } = removed;
  return untagged === undefined ? `Deleted: ${deleted}` : `Untagged: ${familiarName(untagged)}`;
}

export const tag: Handler = async (context) => {
  const { images } = await context.engine();
  await images.tag(context.args[0]!, context.args[1]!);
  return {};
};

export const history: Handler = async (context) => {
  const { flags, args } = context;
  const { images } = await context.engine();
  const options = { noTrunc: flags.bool('no-trunc'), human: flags.bool('human') };
  const rows = (await images.history(args[0]!)).map((entry) => historyRow(entry, options));
  return {
    output: {
      kind: 'table',
      rows,
      view: historyView,
      format: flags.string('format'),
      quiet: flags.bool('quiet'),
    },
  };
};

export const commit: Handler = async (context) => {
  const { flags, args } = context;
  const { images } = await context.engine();
  const { id } = await images.commit({
    container: args[0]!,
    ...defined({
      reference: args[1],
      author: flags.string('author'),
      message: flags.string('message'),
      changes: some(flags.list('change')),
    }),
    pause: flags.bool('pause'),
    signal: context.interrupt.signal,
  });
  return { output: { kind: 'lines', lines: [id] } };
};

export const pruneImages: Handler = async (context) => {
  const { flags } = context;
  const all = flags.bool('all');
  const filter = readPruneFilter(flags);
  const what = all ? 'images without at least one container associated to them' : 'dangling images';
  if (!(await confirm(context, `This will remove all ${what}.`))) return {};
  const { images } = await context.engine();
  const { removed, reclaimedBytes } = await images.prune({ all, ...filter });
  const list = removed.length > 0 ? ['Deleted Images:', ...removed.map(removedLine).map(lowerFirst), ''] : [];
  return {
    output: { kind: 'lines', lines: [...list, `Total reclaimed space: ${humanSize(reclaimedBytes)}`] },
  };
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** Bytes must not be poured over somebody's terminal. */
export function refuseTerminal({ io }: CommandContext): void {
  if (!io.isTerminal(1)) return;
  throw new StrataError('invalid-argument', 'OUTPUT_IS_TERMINAL', 'cowardly refusing to save to a terminal', {
    hint: 'use the -o flag or redirect',
  });
}
