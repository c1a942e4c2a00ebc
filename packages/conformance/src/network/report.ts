import { inspect } from 'node:util';
import { isStrataError } from '@strata/core';
import { type CaseResult, runCases } from '../runner/case.ts';
import type { NetworkSuiteTarget } from './create-network-driver.ts';
import { type NetworkCase, networkDriverCases } from './network-cases.ts';
import { openNetworkContext } from './network-target.ts';

/** A result that crossed a pipe: the error as text. */
export interface ReportedResult {
  readonly name: string;
  readonly outcome: CaseResult['outcome'];
  readonly reason?: string;
  readonly error?: string;
}

/** Run the suite and print each result as a line of JSON: the work of a process in a namespace of its own. */
export async function reportNetworkSuite(
  target: NetworkSuiteTarget,
  cases: readonly NetworkCase[] = networkDriverCases,
): Promise<void> {
  const { exec } = target.host;
  await exec.run('mount', ['-t', 'sysfs', 'sysfs', '/sys']);
  await exec.run('ip', ['link', 'set', 'lo', 'up']);
  for await (const result of runCases(openNetworkContext(target), cases)) {
    const line = result.outcome === 'failed' ? { ...result, error: describe(result.error) } : result;
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

function describe(error: unknown): string {
  const context = isStrataError(error) ? `\n${error.code} ${inspect(error.context)}` : '';
  return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}${context}`;
}
