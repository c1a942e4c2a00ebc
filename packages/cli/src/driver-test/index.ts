/** @module The conformance suites and what runs them, as one file of the built program: loaded by `driver test` only. */
export { networkDriverCases, reportNetworkSuite } from '@strata/conformance/network';
export { runSuite } from './run-suite.ts';
