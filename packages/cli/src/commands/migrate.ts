import { StrataError } from '@strata/core';
import type { Migrated } from '@strata/engine';
import type { CommandContext, Handler } from '../context.ts';
import { humanSize } from '../format/units.ts';
import { createProgress } from '../render/progress.ts';

/** One after the other: each reads whole trees, and fills the disk only by its own two copies. */
export const migrate: Handler = async (context) => {
  const { flags, io, settings, interrupt } = context;
  const to = flags.string('to');
  if (to === undefined)
    throw new StrataError(
      'invalid-argument',
      'MIGRATE_WITHOUT_DRIVER',
      'Name the driver to move to: --to=DRIVER',
      {
        hint: 'strata storage ls shows which drivers work here',
      },
    );
  const { storage } = await context.engine();
  const targets = await targetsOf(context, await storage.select(to));
  const moved: Migrated[] = [];
  const failures: unknown[] = [];
  using progress = createProgress(io, {
    verb: 'unpack',
    descriptor: 2,
    quiet: flags.bool('quiet'),
    json: settings.json,
  });
  for (const container of targets) {
    if (interrupt.signal.aborted) break;
    const request = { container, to, signal: interrupt.signal, onProgress: progress.listener };
    await storage.migrate(request).then(
      (one) => moved.push(one),
      (error: unknown) => failures.push(error),
    );
  }
  const text = moved.map((one) => (flags.bool('quiet') ? one.name : sentence(one)));
  return { output: { kind: 'objects', values: moved, format: undefined, text }, failures };
};

function sentence({ name, from, to, changes, bytes, entries }: Migrated): string {
  return `${name}: ${from} → ${to}, ${changes} changes (${humanSize(bytes)}), ${entries} entries verified`;
}

/** With `--all`, those that are elsewhere; the ones that run among them are refused one by one. */
async function targetsOf(context: CommandContext, to: string): Promise<readonly string[]> {
  const { flags, args } = context;
  if (flags.bool('all') !== args.length > 0) return flags.bool('all') ? elsewhere(context, to) : args;
  throw new StrataError(
    'invalid-argument',
    'MIGRATE_WITHOUT_CONTAINER',
    args.length > 0 ? 'Name containers or say --all, not both' : 'Name at least one container, or say --all',
    { hint: 'strata ps -a lists the containers' },
  );
}

async function elsewhere(context: CommandContext, to: string): Promise<readonly string[]> {
  const { containers } = await context.engine();
  const all = await containers.list({ all: true });
  return all.filter(({ storage }) => storage !== to).map(({ id }) => id);
}
