import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Host } from '@strata/core';
import type { ReportedResult } from './report.ts';

export interface IsolatedSuite {
  /** Module whose default export is the definition. */
  readonly driver: URL;
  readonly host: Host;
  /** Module with `createHost`, as the driver's package sees it. */
  readonly hostModule?: string;
  /** Module whose default export are further cases, of the driver alone. */
  readonly ownCases?: URL;
  /** Names of the cases to run; all without it. */
  readonly only?: readonly string[];
  /** Where roots are made; leases are many small synchronous writes, so memory is a good place. */
  readonly directory?: string;
}

const mainScript = `
const { driver, host, ownCases, only, directory, nodeArguments } = JSON.parse(process.argv[1]);
const [{ default: definition }, { createHost }, { networkDriverCases, reportNetworkSuite }, { default: more }] =
  await Promise.all([import(driver), import(host), import('@strata/conformance/network'),
    ownCases ? import(ownCases) : { default: [] }]);
const modules = { driver, host };
const target = { definition, host: createHost({ logLevel: 'error' }), directory, modules, nodeArguments };
const cases = [...networkDriverCases, ...more].filter(({ name }) => only?.includes(name) ?? true);
await reportNetworkSuite(target, cases);
process.exit(0);
`;

/** The suite in network and mount namespaces of its own: nothing of the machine is seen, touched or disturbed. */
export async function* runIsolated(suite: IsolatedSuite): AsyncGenerator<ReportedResult> {
  const child = await suite.host.exec.spawn('unshare', command(suite), {
    // Bare module names are looked up from the driver's package.
    cwd: fileURLToPath(new URL('.', suite.driver)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.pipes.get(1) as Readable))
    yield JSON.parse(line) as ReportedResult;
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`the suite ended with ${code}`);
}

function command({
  driver,
  hostModule = '@strata/host',
  ownCases,
  only,
  directory = '/dev/shm',
}: IsolatedSuite): string[] {
  const nodeArguments = driver.pathname.endsWith('.ts') ? ['--conditions=source'] : [];
  const modules = { driver: driver.href, host: hostModule, ownCases: ownCases?.href };
  const config = JSON.stringify({ ...modules, only, directory, nodeArguments });
  const node = [process.execPath, ...nodeArguments, '--input-type=module', '-e', mainScript, config];
  return ['--net', '--mount', '--propagation', 'private', '--', ...node];
}
