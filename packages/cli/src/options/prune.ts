import { parseTime } from '../commands/time.ts';
import { readFilters } from '../fast/filters.ts';
import type { Flags } from '../parse/flag-reader.ts';
import { defined, some } from './defined.ts';

/** docker's `--filter` of all prunes: `label=…`, `label!=…` (told to the engine as `!…`), and `until=…`, an age or a time. */
export function readPruneFilter(flags: Flags): {
  readonly labels?: readonly string[];
  readonly until?: Date;
} {
  const filters = readFilters(flags, 'filter', ['label', 'label!', 'until']);
  const labels = [
    ...(filters.get('label') ?? []),
    ...(filters.get('label!') ?? []).map((text) => `!${text}`),
  ];
  const text = filters.get('until')?.at(-1);
  const until = text === undefined ? undefined : parseTime(text);
  if (text !== undefined && until === undefined)
    throw flags.invalid('filter', `until=${text}`, 'expected a time or a duration');
  return defined({ labels: some(labels), until });
}

/** Of volumes: docker refuses to go by their age. */
export function readVolumePruneFilter(flags: Flags): { readonly labels?: readonly string[] } {
  const { until, ...rest } = readPruneFilter(flags);
  if (until !== undefined) throw flags.conflict('the "until" filter is not supported with volumes');
  return rest;
}
