import type { ContainerFilter } from '@strata/engine';
import type { Flags } from '../parse/flag-reader.ts';

/** `--filter name=value` lists as a multimap; names are checked against the command's. */
export function readFilters(flags: Flags, name: string, known: readonly string[]): Map<string, string[]> {
  const filters = new Map<string, string[]>();
  for (const text of flags.list(name)) {
    const at = text.indexOf('=');
    if (at < 0) throw flags.invalid(name, text, 'bad format of filter (expected name=value)');
    const key = text.slice(0, at).trim().toLowerCase();
    if (!known.includes(key))
      throw flags.invalid(name, text, `invalid filter '${key}'; the filters are ${known.join(', ')}`);
    filters.set(key, [...(filters.get(key) ?? []), text.slice(at + 1).trim()]);
  }
  return filters;
}

const STATUSES = ['created', 'running', 'paused', 'exited', 'removing', 'dead', 'restarting'];
const HEALTHS = ['none', 'starting', 'healthy', 'unhealthy'];

function exitCodes(flags: Flags, values: readonly string[] | undefined): readonly number[] | undefined {
  return values?.map((text) => {
    if (!/^\d+$/.test(text)) throw flags.invalid('filter', `exited=${text}`, 'expected an exit code');
    return Number(text);
  });
}

/** What `ps` asks of the store. */
export function containerFilter(flags: Flags): ContainerFilter {
  const known = [
    'ancestor',
    'before',
    'exited',
    'health',
    'id',
    'label',
    'name',
    'network',
    'since',
    'status',
    'volume',
  ];
  const filters = readFilters(flags, 'filter', known);
  const status = filters.get('status');
  for (const text of status ?? []) {
    if (!STATUSES.includes(text))
      throw flags.invalid('filter', `status=${text}`, `the states are ${STATUSES.join(', ')}`);
  }
  const health = filters.get('health');
  for (const text of health ?? []) {
    if (!HEALTHS.includes(text))
      throw flags.invalid('filter', `health=${text}`, `the states of health are ${HEALTHS.join(', ')}`);
  }
  const last = flags.bool('latest') ? 1 : flags.number('last');
  const limited = last !== undefined && last > 0;
  const exited = exitCodes(flags, filters.get('exited'));
  const filter = {
    // A filter on the state looks at stopped containers as well, as docker's daemon does.
    all: flags.bool('all') || limited || status !== undefined || exited !== undefined,
    size: flags.bool('size'),
    last: limited ? last : undefined,
    status,
    names: filters.get('name'),
    ids: filters.get('id'),
    labels: filters.get('label'),
    ancestor: filters.get('ancestor'),
    exited,
    health,
    networks: filters.get('network'),
    volumes: filters.get('volume'),
    before: filters.get('before')?.at(-1),
    since: filters.get('since')?.at(-1),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
