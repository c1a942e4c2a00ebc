import type { LayerLabels } from '../services.ts';
import { layerErrors } from './layer-errors.ts';

/**
 * containerd's Update: no path or `labels` replaces all; `labels.<name>` sets one, or deletes it when the new value
 * is missing or empty; every other field is immutable.
 */
export function changeLabels(
  before: LayerLabels,
  given: LayerLabels,
  fieldPaths: readonly string[],
): LayerLabels {
  if (fieldPaths.length === 0) return given;
  let labels = new Map(Object.entries(before));
  for (const path of fieldPaths) {
    if (path === 'labels') {
      labels = new Map(Object.entries(given));
    } else if (path.startsWith('labels.')) {
      const name = path.slice('labels.'.length);
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (value) labels.set(name, value);
      else labels.delete(name);
    } else {
      throw layerErrors.immutable(path);
    }
  }
  return Object.fromEntries(labels);
}
