/** What a killed bench of network or cgroup drivers left: taken down by the driver itself, over the state it left. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CgroupDriver, emptyAttachment, type NetworkDriver, type NetworkSpec } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import { driverContext } from '../stage/driver.ts';

/** File in a driver's directory that says of which kind it is. */
export const KIND = 'kind';

export interface NetworkRemains {
  readonly network: NetworkSpec;
  /** Of ip-netns(8). */
  readonly namespaces: readonly string[];
}

export const networkRemains = (scratch: string): string => join(scratch, 'network.json');

export async function endKinds(ports: BenchPorts, directory: string): Promise<void> {
  for (const id of await readdir(directory)) {
    const scratch = join(directory, id);
    const kind = await readFile(join(scratch, KIND), 'utf8').catch(() => undefined);
    const definition = ports.drivers.find((driver) => driver.kind === kind && driver.id === id);
    if (definition === undefined) continue;
    const place = {
      root: join(scratch, 'root'),
      runDirectory: join(scratch, 'run'),
      host: ports.host,
      signal: new AbortController().signal,
    };
    const driver = await definition.create(await driverContext(definition, place));
    if (kind === 'cgroup') await endCgroups(driver as CgroupDriver);
    if (kind === 'network') await endNetwork(ports, driver as NetworkDriver, scratch);
  }
}

async function endCgroups(driver: CgroupDriver): Promise<void> {
  for (const id of await driver.list()) await driver.remove(await driver.create(id, {}));
}

async function endNetwork({ host }: BenchPorts, driver: NetworkDriver, scratch: string): Promise<void> {
  const text = await readFile(networkRemains(scratch), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { network, namespaces } = JSON.parse(text) as NetworkRemains;
  for (const endpointId of await driver.list())
    await driver.detach(
      emptyAttachment({ endpointId, networkId: network.id, containerId: '', sandbox: undefined }),
    );
  // 1: it was not made yet.
  for (const name of namespaces) await host.exec.run('ip', ['netns', 'delete', name], { okCodes: [0, 1] });
  if (driver.capabilities.multiple) await driver.removeNetwork(network);
}
