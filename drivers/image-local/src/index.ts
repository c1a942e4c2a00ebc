/** @module Images in a directory of this host: OCI blobs by digest, names in SQLite. */
import type { DriverDefinition } from '@strata/core';
import { noOptions } from '@strata/core';
import { LocalImageStore } from './local-image-store.ts';
import { probeLocal } from './local-probe.ts';

export default {
  kind: 'image',
  id: 'local',
  apiVersion: 1,
  summary: 'Images in a directory of this host',
  options: noOptions,
  probe: probeLocal,
  create: (context) => LocalImageStore.open(context),
} satisfies DriverDefinition<'image', Record<string, never>>;
