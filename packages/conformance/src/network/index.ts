/** @module The NetworkDriver suite, as data. `@strata/conformance/network/vitest` runs it as tests. */

export type { NetworkSuiteTarget } from './create-network-driver.ts';
export { type IsolatedSuite, runIsolated } from './isolated.ts';
export { type NetworkCase, networkDriverCases } from './network-cases.ts';
export { type Joined, NetworkContext } from './network-context.ts';
export { openNetworkContext } from './network-target.ts';
export { type ReportedResult, reportNetworkSuite } from './report.ts';
