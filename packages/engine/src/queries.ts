/**
 * Read-only answers for commands that must start fast: they open the store's file and nothing else; no dependency
 * injection, no drivers.
 *
 * @module
 */
import type { Databases } from '@strata/core';
import type { ImageFilter, ImageSummary } from './api/images.ts';
import { listImages as listRows } from './images/list-images.ts';
import { allNetworks } from './networks/network-store.ts';
import { readStore } from './state/read-store.ts';

export type { ImageFilter } from './api/images.ts';
export { listContainerIds, listContainers } from './containers/queries.ts';

/** Images of a store, newest first; none when there is no store yet. */
export function listImages(databases: Databases, root: string, filter: ImageFilter = {}): ImageSummary[] {
  return readStore(databases, root, (database) => listRows(database, filter));
}

/** Names of networks, for completion. */
export function listNetworkNames(databases: Databases, root: string): string[] {
  return readStore(databases, root, (database) => allNetworks(database).map(({ name }) => name));
}
