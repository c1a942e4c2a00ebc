import type { Tree } from '@strata/core';
import { type Change, diffOverlay, diffTrees } from './changes.ts';

/** Where a layer's changes are to be found; absolute paths of directories (mounted, where the driver mounts). */
export type ChangesSource =
  | {
      /** Compare two trees; without `lower` everything is new. */
      readonly kind: 'trees';
      readonly upper: string;
      readonly lower?: string;
      /** Only these can differ (relative, raw bytes). */
      readonly candidates?: readonly Uint8Array[];
    }
  | {
      /** Read an overlay's upper directory; `lowers` nearest first. */
      readonly kind: 'overlay';
      readonly upper: string;
      readonly lowers: readonly string[];
    };

export function changesOf(
  source: ChangesSource,
  open: (path: string) => Tree,
  links = false,
): Generator<Change> {
  const upper = open(source.upper);
  if (source.kind === 'overlay') return diffOverlay(upper, source.lowers.map(open), { links });
  const lower = source.lower === undefined ? undefined : open(source.lower);
  return diffTrees(lower, upper, { candidates: source.candidates, links });
}
