/**
 * Read-only answers for commands that must start fast: they open the store's file and nothing else; no dependency
 * injection, no drivers.
 *
 * @module
 */
import type { Databases } from '@strata/core';
import { isStrataError } from '@strata/core';
import type { ImageSummary } from './api/images.ts';
import { type ImageFilter, listImages as listRows } from './images/list-images.ts';
import { allNetworks } from './networks/network-store.ts';
import { databasePath } from './state/paths.ts';
import { migrations } from './state/schema.ts';

export { listContainerIds, listContainers } from './containers/queries.ts';
export type { ImageFilter } from './images/list-images.ts';

/** Images of a store, newest first; none when there is no store yet. */
export function listImages(databases: Databases, root: string, filter: ImageFilter = {}): ImageSummary[] {
  try {
    const database = databases.open(databasePath(root), { migrations, readOnly: true });
    try {
      return listRows(database, filter);
    } finally {
      database.close();
    }
  } catch (error) {
    if (isStrataError(error, 'STORE_NOT_FOUND')) return [];
    throw error;
  }
}

/** Names of networks, for completion. */
export function listNetworkNames(databases: Databases, root: string): string[] {
  try {
    const database = databases.open(databasePath(root), { migrations, readOnly: true });
    try {
      return allNetworks(database).map(({ name }) => name);
    } finally {
      database.close();
    }
  } catch (error) {
    if (isStrataError(error, 'STORE_NOT_FOUND')) return [];
    throw error;
  }
}
