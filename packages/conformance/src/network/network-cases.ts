import type { NetworkCapabilities } from '@strata/core';
import type { ConformanceCase } from '../runner/case.ts';
import { addressCases } from './cases/address-cases.ts';
import { lifecycleCases } from './cases/lifecycle-cases.ts';
import { networkCrudCases } from './cases/network-crud-cases.ts';
import { portCases } from './cases/port-cases.ts';
import { recoveryCases } from './cases/recovery-cases.ts';
import { trafficCases } from './cases/traffic-cases.ts';
import type { NetworkContext } from './network-context.ts';

export type NetworkCase = ConformanceCase<NetworkContext, NetworkCapabilities>;

/** The whole suite. */
export const networkDriverCases: readonly NetworkCase[] = [
  ...lifecycleCases,
  ...networkCrudCases,
  ...addressCases,
  ...trafficCases,
  ...portCases,
  ...recoveryCases,
];
