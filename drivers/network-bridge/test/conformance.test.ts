import { networkDriverSuite } from '@strata/conformance/network/vitest';
import { createHost } from '@strata/host';

await networkDriverSuite({
  id: 'bridge',
  driver: new URL('../src/index.ts', import.meta.url),
  ownCases: new URL('./bridge-cases.ts', import.meta.url),
  host: createHost(),
});
