import { listContainerIds, listContainers } from '@strata/engine/queries';
import { createDatabases } from '@strata/host/database';
import type { CommandContext, Handler } from '../context.ts';
import { shownFields } from '../format/table.ts';
import type { Flags } from '../parse/flag-reader.ts';
import { containerRow, containerSizeView, containerView, idRow } from '../views/container-view.ts';
import { containerFilter } from './filters.ts';

async function containersOf(context: CommandContext, only: readonly string[] | undefined) {
  const { flags, settings } = context;
  const filter = containerFilter(flags);
  // Sizes need the layer drivers; everything else is one read of the store.
  if (filter.size === true) return (await context.engine()).containers.list(filter);
  const found = listContainers(createDatabases(), settings.root, filter, {
    mounts: only === undefined,
  });
  if (!found.some(({ unattended }) => unattended === true)) return found;
  return (await context.engine()).containers.list(filter);
}

/** `-a` and nothing that would leave one out. */
function asksForAll(flags: Flags): boolean {
  const { all, size, ...rest } = containerFilter(flags);
  return all === true && size !== true && Object.keys(rest).length === 0;
}

/** `strata ps`. */
export const handler: Handler = async (context) => {
  const { flags, settings } = context;
  const view = flags.bool('size') ? containerSizeView : containerView;
  const format = flags.string('format');
  const quiet = flags.bool('quiet');
  const only = settings.json ? undefined : shownFields(view, { format, quiet });
  const noTrunc = flags.bool('no-trunc');
  const options = { noTrunc, now: Date.now(), only };
  const rows =
    quiet && only?.join() === 'ID' && asksForAll(flags)
      ? listContainerIds(createDatabases(), settings.root).map((container) => idRow(container, noTrunc))
      : (await containersOf(context, only)).map((container) => containerRow(container, options));
  return { output: { kind: 'table', rows, view, format, quiet } };
};
