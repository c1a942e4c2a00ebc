/** @module The CgroupDriver suite, as data. `@strata/conformance/vitest` runs it as tests. */
export {
  type CgroupCase,
  CgroupContext,
  type CgroupSuiteTarget,
  openCgroupContext,
} from './cgroup-context.ts';
export { cgroupDriverCases } from './cgroup-suite.ts';
