import { inspect } from 'node:util';
import { isStrataError } from '@strata/core';
import { type CaseResult, type Patience, runCase, runCases } from '../runner/case.ts';
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
  patience?: Patience,
): Promise<void> {
  const { exec } = target.host;
  await exec.run('mount', ['-t', 'sysfs', 'sysfs', '/sys']);
  await exec.run('ip', ['link', 'set', 'lo', 'up']);
  // Whatever it finds, the cases find again and say.
  await runCase(openNetworkContext(target), useOnce);
  for await (const result of runCases(openNetworkContext(target), cases, patience)) {
    const line = result.outcome === 'failed' ? { ...result, error: describe(result.error) } : result;
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

/**
 * Nobody makes or removes the one network of a driver without `multiple`: a bridge or base chains it keeps for it from
 * the first endpoint on (CNI's plugins do) are no leak. What a second endpoint leaves is.
 */
const useOnce: NetworkCase = {
  name: 'strata/use-once',
  excludedBy: ({ multiple }) => (multiple ? 'its networks are made and removed' : undefined),
  async run(context) {
    const tcp = { hostIp: '0.0.0.0', hostPort: 18_079, containerPort: 80, protocol: 'tcp' } as const;
    const ports = context.driver.capabilities.publish ? [tcp, { ...tcp, protocol: 'udp' } as const] : [];
    await context.join(await context.network(), { ports });
  },
};

function describe(error: unknown): string {
  const context = isStrataError(error) ? `\n${error.code} ${inspect(error.context)}` : '';
  return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}${context}`;
}
