import { networkDriverSuite } from '@strata/conformance/network/vitest';
import { createHost } from '@strata/host';

await networkDriverSuite({
  id: 'host',
  driver: new URL('../src/index.ts', import.meta.url),
  host: createHost(),
});
