import type { VmSuite } from './index.ts';
export const cli: VmSuite = { name: 'cli', async *cases() {} };
