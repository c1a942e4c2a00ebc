import { isStrataError } from '@strata/core';
import type { Handler } from '../context.ts';
import { readFilters } from '../fast/filters.ts';
import { humanSize } from '../format/units.ts';
import { defined } from '../options/defined.ts';
import { labelsOf } from '../options/environment.ts';
import { readVolumePruneFilter } from '../options/prune.ts';
import { volumeRow, volumeView } from '../views/volume-view.ts';
import { confirm } from './confirm.ts';
import { eachTarget } from './targets.ts';

export const createVolume: Handler = async (context) => {
  const { flags, args } = context;
  const driver = flags.string('driver') ?? 'local';
  if (driver !== 'local') throw flags.invalid('driver', driver, 'the volume driver is local');
  const { volumes } = await context.engine();
  const { name } = await volumes.create(
    defined({ name: args[0], labels: labelsOf(flags, flags.list('label')) }),
  );
  return { output: { kind: 'lines', lines: [name] } };
};

export const listVolumes: Handler = async (context) => {
  const { flags } = context;
  const filters = readFilters(flags, 'filter', ['dangling', 'driver', 'label', 'name']);
  const text = filters.get('dangling')?.at(-1);
  if (text !== undefined && !['true', 'false', '1', '0'].includes(text))
    throw flags.invalid('filter', `dangling=${text}`, 'the values are true and false');
  const { volumes } = await context.engine();
  const found = await volumes.list(
    defined({
      names: filters.get('name'),
      labels: filters.get('label'),
      drivers: filters.get('driver'),
      dangling: text === undefined ? undefined : text === 'true' || text === '1',
    }),
  );
  const rows = found.map(volumeRow);
  const [format, quiet] = [flags.string('format'), flags.bool('quiet')];
  return { output: { kind: 'table', rows, view: volumeView, format, quiet } };
};

export const inspectVolumes: Handler = async (context) => {
  const { volumes } = await context.engine();
  const results = await Promise.allSettled(context.args.map((name) => volumes.inspect(name)));
  const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  return { output: { kind: 'objects', values, format: context.flags.string('format') }, failures };
};

export const removeVolumes: Handler = async (context) => {
  const { volumes } = await context.engine();
  const force = context.flags.bool('force');
  return eachTarget(context.args, async (name) => {
    try {
      await volumes.remove(name);
    } catch (error) {
      if (!force || !isStrataError(error, 'VOLUME_NOT_FOUND')) throw error;
    }
    return name;
  });
};

export const pruneVolumes: Handler = async (context) => {
  const { flags } = context;
  const all = flags.bool('all');
  const filter = readVolumePruneFilter(flags);
  const which = all ? 'all volumes' : 'anonymous local volumes';
  if (!(await confirm(context, `This will remove ${which} not used by at least one container.`))) return {};
  const { volumes } = await context.engine();
  const { removed, reclaimedBytes } = await volumes.prune({ all, ...filter });
  const lines = [
    ...(removed.length > 0 ? ['Deleted Volumes:', ...removed, ''] : []),
    `Total reclaimed space: ${humanSize(reclaimedBytes)}`,
  ];
  return { output: { kind: 'lines', lines } };
};
