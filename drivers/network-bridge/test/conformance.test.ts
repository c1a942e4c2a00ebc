import { networkDriverSuite } from '@strata/conformance/network/vitest';
import { createHost } from '@strata/host';

networkDriverSuite({ id: 'bridge', driver: new URL('../src/index.ts', import.meta.url), host: createHost() });
