import type { LayerFilter, LayerInfo } from '../services.ts';

/** No filter matches everything; several: any; the parts of one: all. */
export function matches(info: LayerInfo, filters: readonly LayerFilter[]): boolean {
  return filters.length === 0 || filters.some((filter) => matchesOne(info, filter));
}

function matchesOne(info: LayerInfo, filter: LayerFilter): boolean {
  if (filter.name !== undefined && filter.name !== info.name) return false;
  if (filter.kind !== undefined && filter.kind !== info.kind) return false;
  if (filter.parent !== undefined && (filter.parent || undefined) !== info.parent) return false;
  return Object.entries(filter.labels ?? {}).every(([name, value]) => {
    const own = Object.hasOwn(info.labels, name) ? info.labels[name] : undefined;
    return value === true ? own !== undefined : own === value;
  });
}
