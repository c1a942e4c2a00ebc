import { execCases } from './exec-cases.ts';
import { lifeCases } from './life-cases.ts';
import type { RuntimeCase } from './runtime-context.ts';
import { streamCases } from './stream-cases.ts';

/** Every case a runtime driver must pass or be excluded from by what it has. */
export const runtimeDriverCases: readonly RuntimeCase[] = [...lifeCases, ...streamCases, ...execCases];
