import { networkDriverSuite } from '@strata/conformance/network/vitest';
import { createHost } from '@strata/host';

await networkDriverSuite({
  id: 'none',
  driver: new URL('../src/index.ts', import.meta.url),
  host: createHost(),
});
