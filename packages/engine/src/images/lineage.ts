/** Which image is made on which: all layers of the one are the bottom ones of the other. */
import type { Database, Digest } from '@strata/core';
import type { ImageRecord } from './image-record.ts';

const IS_BELOW = `
  SELECT 1 FROM image_layers top
  JOIN image_layers same ON same.chain_id = top.chain_id AND same.manifest <> top.manifest
  JOIN image_layers above ON above.manifest = same.manifest AND above.position = same.position + 1
  WHERE top.manifest = ?1 AND top.position = (SELECT max(position) FROM image_layers WHERE manifest = ?1)`;

/** Is another image made on it? */
export function isBelow(database: Database, manifest: Digest): boolean {
  return database.get(IS_BELOW, manifest) !== undefined;
}

const ENDS_WITH = `
  SELECT top.manifest FROM image_layers top
  WHERE top.chain_id = ? AND NOT EXISTS (
    SELECT 1 FROM image_layers above WHERE above.manifest = top.manifest AND above.position = top.position + 1)`;

/** Manifests of what it is, or was, made on. Nearest first. */
export function manifestsBelow(database: Database, { layers }: ImageRecord): Digest[] {
  return layers
    .slice(0, -1)
    .toReversed()
    .flatMap(({ chainId }) => database.all<{ manifest: Digest }>(ENDS_WITH, chainId))
    .map(({ manifest }) => manifest);
}
