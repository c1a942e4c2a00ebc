import { networkDriverSuite } from '@strata/conformance/network/vitest';
import { createHost } from '@strata/host';

await networkDriverSuite({
  id: 'cni',
  driver: new URL('./bridge-definition.ts', import.meta.url),
  host: createHost(),
});
