import type { CgroupCase } from './cgroup-context.ts';
import { limitCases } from './limit-cases.ts';
import { processCases } from './process-cases.ts';

/** Every case a cgroup driver must pass or be excluded from by what it declares. */
export const cgroupDriverCases: readonly CgroupCase[] = [...limitCases, ...processCases];
