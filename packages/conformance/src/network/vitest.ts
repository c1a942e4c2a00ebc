/** The NetworkDriver suite as vitest tests of the current file. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Host } from '@strata/core';
import { beforeAll, describe, test } from 'vitest';
import { type NetworkCase, networkDriverCases } from './network-cases.ts';
import type { ReportedResult } from './report.ts';

export interface NetworkSuiteOptions {
  /** Name in the report. */
  readonly id: string;
  /** Module whose default export is the definition. */
  readonly driver: URL;
  readonly host: Host;
  /** Module with `createHost`, as the driver's package sees it. */
  readonly hostModule?: string;
  /** Module whose default export are further cases, of the driver alone. */
  readonly ownCases?: URL;
  /** Where roots are made; leases are many small synchronous writes, so memory is a good place. */
  readonly directory?: string;
}

const mainScript = `
const { driver, host, ownCases, directory, nodeArguments } = JSON.parse(process.argv[1]);
const [{ default: definition }, { createHost }, { networkDriverCases, reportNetworkSuite }, { default: more }] = await Promise.all([
  import(driver), import(host), import('@strata/conformance/network'),
  ownCases ? import(ownCases) : { default: [] }]);
const modules = { driver, host };
const target = { definition, host: createHost({ logLevel: 'error' }), directory, modules, nodeArguments };
await reportNetworkSuite(target, [...networkDriverCases, ...more]);
process.exit(0);
`;

/** Runs in network and mount namespaces of its own: nothing of the machine is seen, touched or disturbed. */
export async function networkDriverSuite(options: NetworkSuiteOptions): Promise<void> {
  const { id, host, ownCases } = options;
  const more =
    ownCases === undefined ? [] : ((await import(ownCases.href)) as { default: NetworkCase[] }).default;
  const cases = [...networkDriverCases, ...more];
  const results = new Map(
    networkDriverCases.map(({ name }) => [name, Promise.withResolvers<ReportedResult>()]),
  );
  for (const { promise } of results.values()) promise.catch(() => {});
  describe(`NetworkDriver ${id}`, () => {
    beforeAll(async () => {
      const child = await host.exec.spawn('unshare', command(options), {
        // Bare module names are looked up from the driver's package.
        cwd: fileURLToPath(new URL('.', options.driver)),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      createInterface(child.pipes.get(1) as Readable).on('line', (line) => {
        const result = JSON.parse(line) as ReportedResult;
        results.get(result.name)?.resolve(result);
      });
      void child.exited.then(({ code }) => {
        for (const { reject } of results.values()) reject(new Error(`the suite ended early with ${code}`));
      });
    });
    for (const { name } of cases)
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

function command({
  driver,
  hostModule = '@strata/host',
  ownCases,
  directory = '/dev/shm',
}: NetworkSuiteOptions): string[] {
  const nodeArguments = driver.pathname.endsWith('.ts') ? ['--conditions=source'] : [];
  const config = JSON.stringify({
    driver: driver.href,
    host: hostModule,
    ownCases: ownCases?.href,
    directory,
    nodeArguments,
  });
  const node = [process.execPath, ...nodeArguments, '--input-type=module', '-e', mainScript, config];
  return ['--net', '--mount', '--propagation', 'private', '--', ...node];
}
