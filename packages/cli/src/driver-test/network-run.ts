import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ReportedResult } from '@strata/conformance/network';
import type { DriverUnderTest, SuiteOptions, SuiteResult } from './run-suite.ts';

/** What `strata __network-suite` is given, as JSON. */
export interface NetworkRun {
  readonly driver: string;
  readonly host: string;
  readonly directory: string;
  readonly only: readonly string[];
  /** Milliseconds one case may take. */
  readonly timeout: number;
  readonly nodeArguments: readonly string[];
}

/** This program again, in namespaces of its own, where it may make links and rules. */
export async function* networkResults(
  driver: DriverUnderTest,
  options: SuiteOptions & { readonly directory: string },
): AsyncGenerator<SuiteResult> {
  const { host, elsewhere, directory, only, timeout } = options;
  const [node, ...program] = elsewhere.program;
  const nodeArguments = program.filter((word) => word.startsWith('--'));
  const modules = { driver: driver.module, host: elsewhere.host };
  const run: NetworkRun = { ...modules, directory, only, timeout, nodeArguments };
  const command = [node!, ...program, '__network-suite', JSON.stringify(run)];
  const child = await host.exec.spawn(
    'unshare',
    ['--net', '--mount', '--propagation', 'private', '--', ...command],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const missing = new Set(only);
  let since = performance.now();
  for await (const line of createInterface(child.pipes.get(1) as Readable)) {
    const { name, outcome, reason = '', error = '' } = JSON.parse(line) as ReportedResult;
    const milliseconds = performance.now() - since;
    since = performance.now();
    missing.delete(name);
    if (outcome === 'excluded') yield { name, outcome, reason };
    else if (outcome === 'passed') yield { name, outcome, milliseconds };
    else yield { name, outcome, milliseconds, error };
  }
  await child.exited;
  for (const name of missing)
    yield { name, outcome: 'failed', milliseconds: 0, error: 'the process ended before this case' };
}
