import { isStrataError } from '@strata/core';
import type { NetworkFilter } from '@strata/engine';
import type { CommandContext, Handler } from '../context.ts';
import { readFilters } from '../fast/filters.ts';
import { defined, some, splitPair } from '../options/defined.ts';
import { readPruneFilter } from '../options/prune.ts';
import { networkRow, networkView } from '../views/network-view.ts';
import { confirm } from './confirm.ts';
import { eachTarget } from './targets.ts';

/** `name=value` lists; a label without `=` is empty. */
function pairs({ flags }: CommandContext, flag: string): Readonly<Record<string, string>> | undefined {
  const texts = flags.list(flag);
  const entries = texts.map((text) => {
    const [name, value = ''] = splitPair(text);
    if (name === '') throw flags.invalid(flag, text, 'expected name=value');
    return [name, value] as const;
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

export const createNetwork: Handler = async (context) => {
  const { flags, args } = context;
  const { networks } = await context.engine();
  const { id } = await networks.create({
    name: args[0]!,
    ...defined({
      driver: flags.string('driver'),
      subnets: some(flags.list('subnet')),
      gateway: flags.string('gateway'),
      ipRange: flags.string('ip-range'),
      ipv6: flags.bool('ipv6') || undefined,
      internal: flags.bool('internal') || undefined,
      labels: pairs(context, 'label'),
      options: pairs(context, 'opt'),
    }),
  });
  return { output: { kind: 'lines', lines: [id] } };
};

function networkFilter({ flags }: CommandContext): NetworkFilter {
  const known = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
  const filters = readFilters(flags, 'filter', known);
  const one = (name: string, allowed: readonly string[]): string | undefined => {
    const text = filters.get(name)?.at(-1);
    if (text === undefined || allowed.includes(text)) return text;
    throw flags.invalid('filter', `${name}=${text}`, `the values are ${allowed.join(', ')}`);
  };
  one('scope', ['local']);
  const dangling = one('dangling', ['true', 'false', '1', '0']);
  return defined({
    names: filters.get('name'),
    ids: filters.get('id'),
    drivers: filters.get('driver'),
    labels: filters.get('label'),
    dangling: dangling === undefined ? undefined : dangling === 'true' || dangling === '1',
    type: one('type', ['builtin', 'custom']) as 'builtin' | 'custom' | undefined,
  });
}

export const listNetworks: Handler = async (context) => {
  const filter = networkFilter(context);
  const { networks } = await context.engine();
  const rows = (await networks.list(filter)).map(networkRow);
  const { flags } = context;
  return {
    output: {
      kind: 'table',
      rows,
      view: networkView,
      format: flags.string('format'),
      quiet: flags.bool('quiet'),
    },
  };
};

export const inspectNetworks: Handler = async (context) => {
  const { networks } = await context.engine();
  const results = await Promise.allSettled(context.args.map((name) => networks.inspect(name)));
  const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  return { output: { kind: 'objects', values, format: context.flags.string('format') }, failures };
};

export const removeNetworks: Handler = async (context) => {
  const { networks } = await context.engine();
  const force = context.flags.bool('force');
  return eachTarget(context.args, async (name) => {
    try {
      await networks.remove(name);
    } catch (error) {
      if (!force || !isStrataError(error, 'NETWORK_NOT_FOUND')) throw error;
      return undefined;
    }
    return name;
  });
};

export const pruneNetworks: Handler = async (context) => {
  const { flags } = context;
  const filter = readPruneFilter(flags);
  if (!(await confirm(context, 'This will remove all custom networks not used by at least one container.')))
    return {};
  const { networks } = await context.engine();
  const removed = await networks.prune(filter);
  const lines = removed.length > 0 ? ['Deleted Networks:', ...removed] : [];
  return { output: { kind: 'lines', lines } };
};

export const connectNetwork: Handler = async (context) => {
  const { flags, args } = context;
  const { networks } = await context.engine();
  await networks.connect({
    network: args[0]!,
    container: args[1]!,
    ...defined({
      ip: flags.string('ip'),
      ipv6: flags.string('ip6'),
      macAddress: flags.string('mac-address'),
      aliases: some(flags.list('alias')),
    }),
  });
  return {};
};

export const disconnectNetwork: Handler = async (context) => {
  const [network, container] = context.args;
  const { networks } = await context.engine();
  await networks.disconnect(network!, container!, { force: context.flags.bool('force') });
  return {};
};

export const reloadNetworks: Handler = async (context) => {
  const { networks } = await context.engine();
  await networks.reload();
  return {};
};
