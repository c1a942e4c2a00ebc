import { listContainers } from '@strata/engine/queries';
import { createDatabases } from '@strata/host/database';
import type { CommandContext, Handler } from '../context.ts';
import { containerRow, containerSizeView, containerView } from '../views/container-view.ts';
import { containerFilter } from './filters.ts';

async function containersOf(context: CommandContext) {
  const { flags, settings } = context;
  const filter = containerFilter(flags);
  // Sizes need the layer drivers; everything else is one read of the store.
  if (filter.size === true) return (await context.engine()).containers.list(filter);
  const found = listContainers(createDatabases(), settings.root, filter);
  if (!found.some(({ unattended }) => unattended === true)) return found;
  return (await context.engine()).containers.list(filter);
}

/** `strata ps`. */
export const handler: Handler = async (context) => {
  const { flags } = context;
  const noTrunc = flags.bool('no-trunc');
  const rows = (await containersOf(context)).map((container) => containerRow(container, { noTrunc }));
  const view = flags.bool('size') ? containerSizeView : containerView;
  return {
    output: { kind: 'table', rows, view, format: flags.string('format'), quiet: flags.bool('quiet') },
  };
};
