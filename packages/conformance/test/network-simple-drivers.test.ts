import { createHost } from '@strata/host';
import { networkDriverSuite } from '../src/network/vitest.ts';

const host = createHost();
for (const id of ['none', 'host'])
  await networkDriverSuite({
    id,
    host,
    driver: new URL(`../../../drivers/network-${id}/src/index.ts`, import.meta.url),
  });
