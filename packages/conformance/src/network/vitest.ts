/** The NetworkDriver suite as vitest tests of the current file. */
import { beforeAll, describe, test } from 'vitest';
import { type IsolatedSuite, runIsolated } from './isolated.ts';
import { type NetworkCase, networkDriverCases } from './network-cases.ts';
import type { ReportedResult } from './report.ts';

export interface NetworkSuiteOptions extends Omit<IsolatedSuite, 'only'> {
  /** Name in the report. */
  readonly id: string;
}

/** One process runs all cases, in namespaces of its own; each test waits for its result. */
export async function networkDriverSuite(options: NetworkSuiteOptions): Promise<void> {
  const { id, ownCases } = options;
  const more =
    ownCases === undefined ? [] : ((await import(ownCases.href)) as { default: NetworkCase[] }).default;
  const names = [...networkDriverCases, ...more].map(({ name }) => name);
  const results = new Map(names.map((name) => [name, Promise.withResolvers<ReportedResult>()]));
  for (const { promise } of results.values()) promise.catch(() => {});
  const run = async () => {
    for await (const result of runIsolated(options)) results.get(result.name)?.resolve(result);
    throw new Error('the suite ended without it');
  };
  describe(`NetworkDriver ${id}`, () => {
    beforeAll(() => {
      run().catch((error) => {
        for (const { reject } of results.values()) reject(error);
      });
    });
    for (const name of names)
      test(name, { timeout: 300_000 }, async ({ skip }) => {
        const result = await results.get(name)!.promise;
        if (result.outcome === 'failed') throw new Error(result.error);
        if (result.outcome === 'excluded') {
          process.stdout.write(`excluded: NetworkDriver ${id} > ${name}: ${result.reason}\n`);
          skip(result.reason);
        }
      });
  });
}
