/** `strata check` for networks: leases, namespaces and rows that belong to nothing. */
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, type NetworkFault } from '@strata/core';
import type { EngineServices } from '../services.ts';
import type { Findings } from '../system/findings.ts';
import { unknown } from './close-sandbox.ts';
import { allEndpoints } from './endpoint-store.ts';
import { allNetworks, deleteNetwork, unfinishedNetworks } from './network-store.ts';
import { holdingsOf, isRestored, restoreDriver } from './restore-networks.ts';
import { sandboxPath } from './sandbox.ts';

/** A container's way onto a network takes less. */
const moment = 500;

export async function checkNetworks(services: EngineServices, findings: Findings): Promise<void> {
  await checkUnfinished(services, findings);
  await checkEndpoints(services, findings);
  await checkSandboxes(services, findings);
  await checkHost(services, findings);
}

/** What somebody deleted beside us. One repair mends all of a driver. */
async function checkHost(services: EngineServices, findings: Findings): Promise<void> {
  for (const id of new Set(allNetworks(services.database).map(({ driver }) => driver))) {
    // What a reboot took comes back with the first container that needs it.
    if (!isRestored(services, id)) continue;
    for (const { subject, message } of await lastingFaults(services, id))
      await findings.add({
        code: 'NETWORK_DAMAGED',
        message,
        subject,
        repair: 'make it again, as `strata network reload` does',
        fix: () => restoreDriver(services, id),
      });
  }
}

/** Those that are there a moment later too: others may be making or removing what is missing. */
async function lastingFaults(services: EngineServices, id: string): Promise<readonly NetworkFault[]> {
  const driver = await services.drivers.get('network', id);
  const look = async () => {
    const { networks, attachments } = holdingsOf(services, id);
    return (await driver.faults?.(networks, attachments)) ?? [];
  };
  const first = await look();
  if (first.length === 0) return [];
  await delay(moment);
  const subjects = new Set(first.map(({ subject }) => subject));
  return (await look()).filter(({ subject }) => subjects.has(subject));
}

async function checkUnfinished(services: EngineServices, findings: Findings): Promise<void> {
  const { database, host, paths } = services;
  for (const { id, name, driver, spec } of unfinishedNetworks(database)) {
    await using lock = await host.locks.tryAcquire(paths.lock('name', `network-${name}`));
    // Whoever holds it is at it.
    if (lock === undefined) continue;
    await findings.add({
      code: 'NETWORK_HALF_MADE',
      message: `The creation or removal of the network ${name} was interrupted`,
      subject: name,
      repair: 'remove it',
      fix: async () => {
        const instance = await services.drivers.get('network', driver);
        if (instance.capabilities.multiple) await instance.removeNetwork(spec);
        deleteNetwork(database, id);
      },
    });
  }
}

/** A row is written before its driver hears of it, and forgotten after. */
async function checkEndpoints(services: EngineServices, findings: Findings): Promise<void> {
  const networks = allNetworks(services.database);
  for (const id of new Set(networks.map(({ driver }) => driver))) {
    const driver = await services.drivers.get('network', id);
    const held = await driver.list();
    const known = new Set(allEndpoints(services.database).map((endpoint) => endpoint.id));
    for (const endpoint of held.filter((one) => !known.has(one)))
      await findings.add({
        code: 'ENDPOINT_LEFT',
        message: `The network driver ${id} holds the endpoint ${endpoint}, which belongs to no container`,
        subject: endpoint,
        repair: 'give it back',
        fix: () => driver.detach(unknown({ id: endpoint, network: '', container: '' })),
      });
  }
}

async function checkSandboxes(services: EngineServices, findings: Findings): Promise<void> {
  const { database, host } = services;
  const directory = dirname(sandboxPath(services, '-'));
  const names = await readdir(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    if (database.get('SELECT 1 FROM containers WHERE id = ?', name) !== undefined) continue;
    const path = sandboxPath(services, name);
    await findings.add({
      code: 'SANDBOX_LEFT',
      message: `The network namespace ${path} belongs to no container`,
      subject: path,
      repair: 'remove it',
      fix: () => host.namespaces.removeNetwork(path),
    });
  }
}
